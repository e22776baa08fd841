import { attach, definePlugin, disposeBatch } from '@tapgrad/core';
import { crossEntropy, Linear } from '@tapgrad/nn';
import { tinyImages, tinyTexts } from '@tapgrad/testing/builtin';
import { add, dispose, mul, type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { zscl } from '../index.ts';
import { distillation, similarities } from './math.ts';
import { type Dual, dual, lowRank, predicted } from './test-dual.ts';

let images: Tensor;
let texts: Tensor;
let on: Dual | undefined;

beforeEach(() => {
  [images, texts] = [tinyImages(500), tinyTexts(500)];
});

afterEach(() => {
  on?.dispose();
  on = undefined;
  dispose([images, texts]);
});

const fixed = () => ({ images, texts });
const value = (of: Tensor) => tidy(() => of.dataSync()[0] as number);

/** Counts how often the towers run, by tower and phase. */
function counter() {
  const counts: Record<string, number> = {};
  const plugin = definePlugin({
    name: 'counter',
    apply({ hooks }) {
      for (const tower of ['image', 'text'] as const) {
        hooks.tap(`${tower}:output`).forward((_, { phase }) => {
          counts[`${tower} ${phase}`] = (counts[`${tower} ${phase}`] ?? 0) + 1;
        });
      }
    },
  })();
  return { counts, plugin };
}

describe('the reference losses alone', () => {
  it.each([
    ['reference-code', undefined, false],
    ['paper', undefined, true],
    ['reference-code', true, true],
    ['paper', false, false],
  ] as const)('of the %s (textTower: %s) train the text tower: %s', async (variant, textTower, trains) => {
    on = dual([zscl({ reference: fixed, variant, ...(textTower !== undefined && { textTower }) })], { task: false });
    await on.begin(0);
    // At the teacher itself there is no gradient at all.
    for (const [name, parameter] of on.stack.namedParameters()) {
      if (name !== 'logitScale') tidy(() => parameter.assign(add(mul(parameter.variable, 1.3), 0.01)));
    }
    const { gradients } = on.gradients();
    const moved = (tower: string) =>
      [...gradients].some(([name, each]) => name.startsWith(tower) && each.some((element) => element !== 0));
    expect([moved('image'), moved('text')]).toEqual([true, trains]);
  });

  it('begin at the entropy of the teacher, without a gradient', async () => {
    on = dual([zscl({ reference: fixed })], { task: false });
    await on.begin(0);
    const { terms, gradients } = on.gradients();
    tidy(() => {
      const { image, text, scale } = predicted(on as Dual, images, texts);
      const logits = similarities(image, text, scale);
      expect(terms['zscl.image']).toBeCloseTo(value(distillation(logits, logits, 2)), 10);
      expect(terms['zscl.text']).toBeCloseTo(value(distillation(transpose(logits), transpose(logits), 2)), 10);
      for (const each of gradients.values()) for (const element of each) expect(Math.abs(element)).toBeLessThan(1e-12);
    });
  });
});

describe('the teacher', () => {
  it.each([
    ['first', [zscl({ reference: () => fixed() })]],
    ['task', [zscl({ reference: () => fixed(), teacher: 'task' })]],
    ['first, of a model with low-rank weights', [lowRank(), zscl({ reference: () => fixed() })]],
    ['task, of a model with low-rank weights', [lowRank(), zscl({ reference: () => fixed(), teacher: 'task' })]],
  ])('is the whole stack as it was: %s', async (which, plugins) => {
    const { step, begin, end, gradients } = (on = dual(plugins, { task: true }));
    let teacher = predicted(on, images, texts);
    await begin(0);
    for (let i = 0; i < 2; i++) await step(i);
    await end(0);
    if (which.startsWith('task')) {
      dispose(teacher as never);
      teacher = predicted(on, images, texts);
    }
    await begin(1);
    for (let i = 2; i < 4; i++) await step(i);
    const { terms } = gradients();
    tidy(() => {
      const now = predicted(on as Dual, images, texts);
      const known = similarities(teacher.image, teacher.text, teacher.scale);
      const expected = distillation(known, similarities(now.image, teacher.text, now.scale), 2);
      expect(terms['zscl.image']).toBeCloseTo(value(expected), 10);
      expect(value(expected)).not.toBeCloseTo(value(distillation(known, known, 2)), 10);
    });
    dispose(teacher as never);
  });

  it('embeds texts once while they are the same tensor', async () => {
    const [same, fresh] = [counter(), counter()];
    on = dual([same.plugin, zscl({ reference: fixed })]);
    for (let i = 0; i < 3; i++) await on.step(i);
    expect(same.counts['text shadow']).toBe(1);
    expect(same.counts['image shadow']).toBe(3);
    on.dispose();
    on = dual([fresh.plugin, zscl({ reference: () => ({ images: tinyImages(1), texts: tinyTexts(1) }) })]);
    for (let i = 0; i < 3; i++) await on.step(i);
    expect(fresh.counts['text shadow']).toBe(3);
  });
});

describe('reference data', () => {
  it('of the batch itself costs no second forward of the model that trains', async () => {
    const { counts, plugin } = counter();
    on = dual([plugin, zscl({ reference: { images: 'batch', texts: 'batch' } })]);
    expect(Object.keys(await on.step(0))).toEqual(['task', 'zscl.image', 'zscl.text']);
    expect(counts).toEqual({ 'image forward': 1, 'text forward': 1, 'image shadow': 1, 'text shadow': 1 });
  });

  it('runs no text tower of the model that trains as released', async () => {
    const { counts, plugin } = counter();
    on = dual([plugin, zscl({ reference: { images: 'batch', texts }, variant: 'reference-code' })]);
    await on.step(0);
    expect(counts).toEqual({ 'image forward': 1, 'text forward': 1, 'image shadow': 1, 'text shadow': 1 });
  });

  it('is drawn from tensors by the stack’s seed', async () => {
    const shapes: number[][] = [];
    const watching = definePlugin({
      name: 'watching',
      apply: ({ hooks }) =>
        void hooks.tap('image:input').forward((x, { phase }) => {
          if (phase === 'shadow') shapes.push(x.shape);
        }),
    });
    const reference = { images, texts, batchSize: 3, textsPerStep: 2 };
    const losses: unknown[] = [];
    for (const seed of [3, 3, 4]) {
      on = dual([watching(), zscl({ reference })], { seed });
      await on.step(0);
      losses.push((await on.step(1))['zscl.image']);
      on.dispose();
    }
    on = undefined;
    expect(losses[0]).toBe(losses[1]);
    expect(losses[0]).not.toBe(losses[2]);
    expect(shapes[0]).toEqual([3, 8, 8, 1]);
  });

  it('must be tensors, at once', async () => {
    on = dual([zscl({ reference: (async () => fixed()) as never })]);
    await expect(on.step(0)).rejects.toThrow(expect.objectContaining({ code: 'REFERENCE_DATA', plugin: 'zscl' }));
  });

  it('cannot keep a model that gives no embeddings', async () => {
    const model = new Linear(3, 2);
    const batch = { inputs: tensor([1, 2, 3], [1, 3]), targets: tensor([0], [1], 'int32') };
    const stack = attach(model, [zscl({ reference: fixed })], { loss: crossEntropy });
    await expect(stack.step(batch)).rejects.toThrow(expect.objectContaining({ code: 'OUTPUT_KIND', plugin: 'zscl' }));
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });
});

describe('what trains, and how far', () => {
  it('the scale does not, unless asked for', async () => {
    for (const trainScale of [false, true]) {
      on = dual([zscl({ reference: fixed, trainScale })]);
      expect(on.stack.trainableParameters().has('logitScale')).toBe(trainScale);
      on.dispose();
    }
    on = undefined;
  });

  it('is held near the task’s start by the sum of squares', async () => {
    const { step, begin, gradients, stack } = (on = dual([
      zscl({ reference: fixed, imageWeight: 0, textWeight: 0, l2: 0.5 }),
    ]));
    await begin(0);
    const start = new Map(
      [...stack.trainableParameters()].map(([name, each]) => [name, each.variable.dataSync().slice()]),
    );
    expect(gradients().terms['zscl.l2']).toBe(0);
    for (let i = 0; i < 2; i++) await step(i);
    let squares = 0;
    for (const [name, { variable }] of stack.trainableParameters()) {
      for (const [i, each] of variable.dataSync().entries()) squares += (each - (start.get(name)?.[i] ?? 0)) ** 2;
    }
    expect(gradients().terms['zscl.l2']).toBeCloseTo(squares / 2, 12);
    await begin(1);
    expect(gradients().terms['zscl.l2']).toBe(0);
  });
});
