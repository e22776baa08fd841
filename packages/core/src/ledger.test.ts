import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { Ledger, linear, measureMemory, memoryCategories, randomStream, record, type SlotStage } from './index.ts';
import { at } from './tape/where.ts';
import { enginePatches, normal } from './test-support.ts';

const ledger = new Ledger();
afterEach(() => ledger.shut());

describe('the ledger', () => {
  it('counts each buffer once, however many tensors share it, until the last is gone', () => {
    ledger.open();
    const x = tf.ones([10]);
    const views = [tf.reshape(x, [2, 5]), tf.clone(x)];
    expect(ledger.now().bytes).toBe(40);
    x.dispose();
    expect(ledger.now().bytes).toBe(40);
    tf.dispose(views);
    expect(ledger.now().bytes).toBe(0);
    expect(ledger.peak().bytes).toBe(40);
  });

  it('knows the peak and what held it, by category, module and plugin', () => {
    ledger.open();
    const weight = at({ modulePath: 'head', owner: undefined }, () => tf.ones([5]));
    ledger.claim(weight, 'parameters');
    const big = at({ modulePath: 'blocks.0', owner: 'ladder' }, () => tf.ones([100]));
    big.dispose();
    const small = at({ modulePath: 'blocks.1', owner: undefined }, () => tf.ones([10]));
    const peak = ledger.peak();
    expect(peak.bytes).toBe(420);
    expect(peak.categories).toMatchObject({ parameters: 20, transient: 400, saved: 0 });
    expect([...peak.modules]).toEqual([
      ['blocks.0', 400],
      ['head', 20],
    ]);
    expect([...peak.plugins]).toEqual([['ladder', 400]]);
    ledger.resetPeak();
    expect(ledger.peak().bytes).toBe(60);
    tf.dispose([weight, small]);
  });

  it('sees a higher peak after a lower one, and keeps the higher', () => {
    ledger.open();
    for (const size of [10, 30, 20]) tf.ones([size]).dispose();
    expect(ledger.peak().bytes).toBe(120);
    expect(ledger.peak().categories.transient).toBe(120);
  });

  it('agrees with a list of all buffers, looked at whenever there are more bytes than ever, over random events', () => {
    const random = randomStream(3, 'ledger');
    const live: { tensor: tf.Tensor; category: string; path: string }[] = [];
    const bytesBy = (key: 'category' | 'path') => {
      const found: Record<string, number> = {};
      for (const each of live) found[each[key]] = (found[each[key]] ?? 0) + 4 * each.tensor.size;
      return found;
    };
    const total = () => live.reduce((sum, { tensor }) => sum + 4 * tensor.size, 0);
    ledger.open();
    let [highest, held] = [0, { categories: {}, modules: {} }];
    for (let event = 0; event < 400; event++) {
      const choice = live.length > 0 ? random.integer(3) : 0;
      const chosen = live[random.integer(Math.max(1, live.length))];
      if (choice === 0) {
        const path = `blocks.${random.integer(4)}`;
        const tensor = at({ modulePath: path, owner: undefined }, () => tf.ones([1 + random.integer(50)]));
        live.push({ tensor, category: 'transient', path });
        if (total() > highest) {
          highest = total();
          held = { categories: bytesBy('category'), modules: bytesBy('path') };
        }
      } else if (choice === 1 && chosen) {
        const category = (['saved', 'gradients', 'plugin'] as const)[random.integer(3)]!;
        ledger.claim(chosen.tensor, category);
        chosen.category = category;
      } else if (chosen) {
        chosen.tensor.dispose();
        live.splice(live.indexOf(chosen), 1);
      }
    }
    const { bytes, categories, modules } = ledger.peak();
    expect(bytes).toBe(highest);
    expect(Object.fromEntries(Object.entries(categories).filter(([, each]) => each > 0))).toEqual(held.categories);
    expect(Object.fromEntries(modules)).toEqual(held.modules);
    for (const { tensor } of live) tensor.dispose();
  });

  it('knows the most that each category held, each at its own time', () => {
    ledger.open();
    const [saved, gradient] = [tf.ones([10]), tf.ones([1])];
    ledger.claim(saved, 'saved');
    saved.dispose();
    ledger.claim(gradient, 'gradients');
    expect(ledger.most()).toMatchObject({ saved: 40, gradients: 4, transient: 44, plugin: 0 });
    ledger.resetPeak();
    expect(ledger.most()).toMatchObject({ saved: 0, gradients: 4, transient: 0 });
    gradient.dispose();
  });

  it('lets buffers made before enter by a claim', () => {
    const before = tf.ones([4]);
    ledger.open();
    expect(ledger.categoryOf(before)).toBeUndefined();
    ledger.claim(before, 'optimizer', 'averaging');
    ledger.claim(before, 'optimizer');
    expect(ledger.now()).toMatchObject({ bytes: 16, categories: { optimizer: 16 } });
    expect(ledger.peak().plugins.get('averaging')).toBe(16);
    before.dispose();
    expect(ledger.now().bytes).toBe(0);
  });

  it('forgets claims of buffers that are gone', () => {
    ledger.open();
    const x = tf.ones([4]);
    const { dataId } = x;
    x.dispose();
    ledger.claim(dataId, 'saved');
    expect(ledger.now().bytes).toBe(0);
  });

  it('samples the time line, thinned out to its limit', () => {
    ledger.open();
    ledger.recordTimeline(8);
    for (let i = 0; i < 100; i++) tf.ones([i + 1]).dispose();
    const samples = ledger.samples();
    expect(samples.length).toBeGreaterThan(3);
    expect(samples.length).toBeLessThanOrEqual(8);
    for (const [i, sample] of samples.entries()) {
      expect(Object.keys(sample.categories)).toEqual([...memoryCategories]);
      if (i > 0) expect(sample.event).toBeGreaterThan(samples[i - 1]?.event ?? 0);
    }
  });

  it('leaves the engine as it was, whatever order ledgers and tapes end in', () => {
    const patches = enginePatches();
    const w = tf.ones([3]);
    const [first, second] = [new Ledger().open(), new Ledger()];
    const { value, tape } = record(
      () => {
        second.open();
        first.shut();
        return tf.sum(tf.square(w));
      },
      { parameters: [w] },
    );
    tape.backward(value);
    tape.dispose();
    expect(second.peak().bytes).toBeGreaterThan(0);
    second.shut();
    second.shut();
    tf.dispose([w, value]);
    expect(enginePatches()).toEqual(patches);
  });

  it('measures a function and stops when it throws', () => {
    const patches = enginePatches();
    const { value, peak } = measureMemory(() => tf.tidy(() => tf.add(tf.ones([5]), tf.ones([5]))));
    expect(peak.bytes).toBe(60);
    expect(() =>
      measureMemory(() => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(enginePatches()).toEqual(patches);
    value.dispose();
  });
});

describe('what a tape saves', () => {
  const half: SlotStage<tf.Tensor> = {
    pack: (x) => tf.slice(x, 0, 2),
    unpack: (x) => tf.concat([x, x]),
    lossy: 'half',
  };

  it.each([
    ['as it is', undefined],
    ['packed', half],
  ])('is the category `saved` to the byte, %s', (_, stage) => {
    ledger.open();
    const [x, w] = [normal([4, 4], 'x'), tf.tidy(() => tf.variable(normal([4, 4], 'w')))];
    const { value, tape } = record(() => tf.sum(tf.exp(linear(tf.tanh(linear(x, w)), w))), {
      parameters: { w },
      onSaved: (dataId) => ledger.claim(dataId, 'saved'),
      onReleased: (dataId) => ledger.claim(dataId, 'transient'),
      onGradient: (dataId) => ledger.claim(dataId, 'gradients'),
      ...(stage && { plan: (plan) => plan.through(stage) }),
    });
    expect(tape.savedBytes).toBe(stage ? 3 * 32 : 3 * 64);
    expect(ledger.now().categories.saved).toBe(tape.savedBytes);
    tape.backward(value);
    expect(ledger.now().categories).toMatchObject({ saved: 0, gradients: 64 });
    tape.dispose();
    tf.dispose([x, w, value]);
    expect(ledger.now().bytes).toBe(0);
  });
});
