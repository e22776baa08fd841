import { groupwiseCodes } from '@tapgrad/activation-compression';
import { markModified, type Plugin, record, type Tape } from '@tapgrad/core';
import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { offload } from '../index.ts';
import { attached, normal, Perceptron, sumOfSquares, trained } from '../test-models.ts';

const everything = { smallest: 1, keepLast: false } as const;

/** Parameters after two steps, and the bytes that were away at most. */
async function run(plugins: readonly Plugin[]) {
  const model = new Perceptron();
  const inputs = normal([5, 8], 'x');
  const stack = attached(model, plugins);
  const values = await trained(stack, { inputs });
  const { now, most } = { now: stack.ledger.offDevice.now(), most: stack.ledger.offDevice.most() };
  const saved = stack.ledger.most().saved;
  stack.detach();
  model.dispose();
  inputs.dispose();
  return { values, now, most, saved };
}

/** Shapes of the saved slots that are no parameters. */
function slotShapes({ nodes }: Tape): number[][] {
  return nodes.flatMap((node) =>
    Object.keys(node?.slots ?? {})
      .map((name) => node?.shapes[name] as number[])
      .filter(([rows]) => rows === 5),
  );
}

describe('the tensor cache', () => {
  it('counts the slots of an MLP 8-16-16-4 with batch 5 as the method does', () => {
    const model = new Perceptron();
    const inputs = normal([5, 8], 'x');
    const parameters = Object.fromEntries([...model.namedParameters()].map(([name, { variable }]) => [name, variable]));
    const { value, tape } = record(() => sumOfSquares(model.call(inputs)), { parameters });
    const bytes = slotShapes(tape).map(([rows = 0, columns = 0]) => 4 * rows * columns);
    expect(bytes).toEqual([160, 320, 320, 320, 320, 80]);
    expect(bytes.reduce((sum, each) => sum + each)).toBe(1520);
    expect(tape.savedBytes).toBe(880);
    tape.dispose();
    model.dispose();
    tf.dispose([value, inputs]);
  });

  it('moves every distinct activation once, never the batch, and gives gradients bit for bit', async () => {
    await expectNoLeak(async () => {
      const plain = await run([]);
      const away = await run([offload(everything)]);
      expect(away.values).toEqual(plain.values);
      expect(away.most).toEqual({ host: 880 - 160, disk: 0 });
      expect(away.now).toEqual({ host: 0, disk: 0 });
      expect([plain.saved, away.saved]).toEqual([720, 0]);
    });
  });

  it.each([
    ['small values', { ...everything, smallest: 21 }, 640],
    ['what exceeds the budget', { ...everything, budget: 320 }, 320],
    ['modules that are named', { ...everything, keep: 'layers.1' }, 320 + 80],
    ['all but what is named', { ...everything, offload: 'layers.1' }, 320],
  ] as const)('keeps %s', async (_, options, host) => {
    const away = await run([offload(options)]);
    expect(away.most.host).toBe(host);
    expect(away.values).toEqual((await run([])).values);
  });

  it('keeps what the last module saves, from the second forward on', async () => {
    const model = new Perceptron();
    const inputs = normal([5, 8], 'x');
    const stack = attached(model, [offload({ smallest: 1 })]);
    const hosts: number[] = [];
    for (let i = 0; i < 2; i++) {
      stack.ledger.resetPeak();
      await trained(stack, { inputs }, 1);
      hosts.push(stack.ledger.offDevice.most().host);
    }
    // The head saves nothing that ReLU has not saved before; the loss's input is needed first.
    expect(hosts).toEqual([720, 320]);
    stack.detach();
    model.dispose();
    inputs.dispose();
  });

  it('moves codes where values are coded', async () => {
    const codes = () => groupwiseCodes({ bits: 4, smallest: 1, rounding: 'nearest' });
    const coded = await run([codes()]);
    const away = await run([offload(everything), codes()]);
    expect(away.values).toEqual(coded.values);
    expect(away.most.host).toBe(coded.saved);
  });

  it('forgets a graph that no backward runs through', async () => {
    await expectNoLeak(async () => {
      const model = new Perceptron();
      const inputs = normal([5, 8], 'x');
      const stack = attached(model, [offload(everything)]);
      stack.options.optimizer?.dispose();
      stack.hooks.loss.tap({ plugin: 'failing', rank: 9, enabled: true }, () => {
        expect(stack.ledger.offDevice.now().host).toBe(720);
        throw new Error('no loss');
      });
      await expect(stack.step({ inputs })).rejects.toThrow('no loss');
      expect(stack.ledger.offDevice.now().host).toBe(0);
      stack.detach();
      model.dispose();
      inputs.dispose();
    });
  });

  it('refuses a value that was changed in place behind its back, as without it', async () => {
    const model = new Perceptron();
    const inputs = normal([5, 8], 'x');
    const stack = attached(model, [offload(everything)]);
    stack.hooks.loss.tap({ plugin: 'writing', rank: 9, enabled: true }, (terms, { outputs }) => {
      markModified(outputs as tf.Tensor);
      return terms;
    });
    await expect(stack.step({ inputs })).rejects.toThrow(expect.objectContaining({ code: 'SAVED_VALUE_MODIFIED' }));
    stack.detach();
    model.dispose();
    inputs.dispose();
  });
});
