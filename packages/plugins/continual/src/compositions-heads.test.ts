import { attach, definePlugin, type Plugin } from '@tapgrad/core';
import { afterFirstTask, type ModelSpec, type PluginSpec, tinyTask } from '@tapgrad/testing';
import { ladderSpecs, queryTokensSpecs, tinyTextEncoder } from '@tapgrad/testing/builtin';
import { memory as engineMemory, scalar, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { er, featureDistillation, growingHead, lingoCL, lwf, memory, prd } from './index.ts';
import { type Composition, composed, expectTogether } from './test-compositions.ts';

const vectors = { zero: [1, 0, -1, 0, 2], one: [0, 1, 0, 0, -1], two: [0, 0, 3, -1, 0] };

/** Heads, with what trains of them once a task has begun. */
const heads: readonly (readonly [string, () => Plugin, readonly string[]])[] = [
  ['growing-head', () => growingHead(), ['growing-head/parts.0.bias', 'growing-head/parts.0.weight']],
  ['lingocl', () => lingoCL({ vectors, temperature: 0.5, learnScale: true }), ['lingocl/map.weight', 'lingocl/scale']],
  [
    'prd',
    () => prd({ projection: [4], contrastTemperature: 0.5 }),
    ['prd/projection.layers.0.bias', 'prd/projection.layers.0.weight', 'prd/prototypes.0'],
  ],
];

/** Methods that freeze the model: a use of each, the classifier that it brings, and the width of what a head is given. */
const frozen: readonly (readonly [string, number, string | undefined, number])[] = [
  ['ladder', 0, 'ladder/side-head.classifier', 2],
  ['ladder', 2, undefined, 8],
  ['sherl', 0, 'sherl/head.classifier.classifier', 8],
  ['sherl', 1, undefined, 8],
  ['unipt', 0, 'unipt/head.classifier', 8],
  ['unipt', 1, undefined, 8],
  ['query-tokens', 0, 'query-tokens/head.classifier', 8 + 3 * 2 * 8],
  ['prompt-tokens', 0, undefined, 8],
  ['prompt-tokens', 2, 'prompt-tokens/classifier', 8],
  ['prefix-tokens', 0, undefined, 8],
];

function useOf(name: string, use: number) {
  const spec = [...ladderSpecs, ...queryTokensSpecs].find((each) => each.name === name) as PluginSpec;
  return spec.uses[use] as { readonly on: ModelSpec; plugins(): Plugin };
}

const pairs = frozen.flatMap(([method, use, classifier, width]) =>
  heads.map(([name, head, own]) => {
    const { on, plugins } = useOf(method, use);
    const title = `${name} and ${method} with ${classifier ?? 'the model’s own head'}`;
    return { title, on, method, plugins: () => [head(), plugins()], classifier, width, own };
  }),
);

const valuesOf = (tensors: Iterable<[string, { variable: Tensor }]>): Record<string, number[]> =>
  Object.fromEntries([...tensors].map(([name, { variable }]) => [name, [...variable.dataSync()]]));

describe.each(pairs)('$title', ({ on, method, plugins, classifier, width, own }) => {
  const all = ({ stack }: Composition) => valuesOf(stack.namedParameters());

  it('train what is theirs in every step, and nothing of the model', async () => {
    await composed(on, plugins(), async (made) => {
      const model = valuesOf(made.model.namedParameters());
      const methods = Object.keys(all(made)).filter((name) => name.startsWith(`${method}/`));
      await made.learn(0, false);
      const trained = [...made.stack.trainableParameters().keys()];
      const replaced = methods.filter((name) => classifier !== undefined && name.startsWith(`${classifier}.`));
      expect(replaced).toHaveLength(classifier === undefined ? 0 : 2);
      expect(trained.sort()).toEqual([...methods.filter((name) => !replaced.includes(name)), ...own].sort());

      const before = all(made);
      for (let i = 0; i < 4; i++) await made.step(i);
      const after = all(made);
      const moved = Object.keys(before).filter((name) => before[name]?.some((value, i) => value !== after[name]?.[i]));
      expect(moved.filter((name) => !trained.includes(name))).toEqual([]);
      expect(moved).toEqual(expect.arrayContaining([...own]));
      expect(moved.some((name) => name.startsWith(`${method}/`))).toBe(true);
      expect(valuesOf(made.model.namedParameters())).toEqual(model);
    });
  });

  it('give the head the features that the method makes', async () => {
    await composed(on, plugins(), async (made) => {
      await made.learn(0);
      const shapes = [...made.stack.namedParameters()].map(([name, { shape }]) => [name, shape] as const);
      const widths = shapes.flatMap(([name, shape]) => {
        if (name === 'growing-head/parts.0.weight' || name === 'lingocl/map.weight') return [shape[0]];
        return name === 'prd/prototypes.0' ? [shape[1]] : [];
      });
      expect(widths).toEqual([width]);
      const order = made.stack.plugins;
      expect(order[0]).toBe(method);
    });
  });
});

describe('the model’s own head by name, where a method has put a classifier in its place', () => {
  it.each(['ladder', 'query-tokens'])('is refused beside %s: nothing of one of them would train', (method) => {
    const { on, plugins } = useOf(method, 0);
    for (const head of [() => growingHead({ head: 'head' }), () => lingoCL({ vectors, head: 'head' })]) {
      const model = on.model();
      model.state();
      const held = engineMemory().numTensors;
      expect(() => attach<unknown>(model, [head(), plugins()], { loss: () => scalar(0) })).toThrow(
        /HEAD_TAKEN.*\.classifier stands in the place of head/,
      );
      expect(engineMemory().numTensors).toBe(held);
      model.dispose();
    }
  });
});

describe('replay and PRD', () => {
  const doubling = () => prd({ projection: [4], contrastTemperature: 0.5 });

  it.each([
    ['given first', () => [doubling(), er(), memory({ samples: 6 })]],
    ['given last', () => [memory({ samples: 6 }), er(), doubling()]],
  ])('join the batch and the memory before both get two views: PRD %s', async (_, plugins) => {
    const targets: number[][] = [];
    const reading = definePlugin({
      name: 'reading',
      reads: ['batch:samples'],
      apply({ hooks }) {
        hooks.loss.tap((_, { batch }) => void targets.push([...(batch.targets as Tensor).dataSync()]));
      },
    });
    await composed(tinyTextEncoder, [...plugins(), reading()], async ({ explained, learn }) => {
      await learn(0, false);
      expect(explained).toMatch(/er before prd: prd declares after: er/);
    });
    // The memory is empty in the first step.
    expect(targets.map(({ length }) => length)).toEqual([2 * 4, 2 * (4 + 4)]);
    for (const rows of targets) expect(rows.slice(rows.length / 2)).toEqual(rows.slice(0, rows.length / 2));
  });
});

describe('feature distillation', () => {
  it.each([
    ['that a ladder’s classifier is given', 0],
    ['that a ladder makes for the model’s head', 2],
  ])('holds the features %s, whichever is given first', async (_, use) => {
    const ladder = () => useOf('ladder', use).plugins();
    for (const plugins of [
      [featureDistillation(), ladder()],
      [ladder(), featureDistillation()],
    ]) {
      await composed(tinyTextEncoder, plugins, async ({ learn, step }) => {
        await learn(0);
        await step(0);
        expect((await step(1))['feature-distillation']).toBeGreaterThan(1e-8);
      });
    }
  });
});

describe('LwF’s warm-up and a frozen model', () => {
  it('warms up the classifier that a ladder brings', async () => {
    const plugins = [lwf({ warmUp: 1 }), useOf('ladder', 0).plugins()];
    await composed(tinyTextEncoder, plugins, async ({ stack, learn, step }) => {
      await learn(0);
      await stack.begin('task', { index: 1, task: tinyTask(tinyTextEncoder, 1) });
      const classifier = ['ladder/side-head.classifier.weight', 'ladder/side-head.classifier.bias'];
      expect([...stack.trainableParameters().keys()]).toEqual(classifier);
      await step(0);
      expect(stack.trainableParameters().size).toBeGreaterThan(2);
    });
  });

  it.each([
    ['a ladder that keeps the model’s head', () => useOf('ladder', 2).plugins()],
    ['class names as rows', () => lingoCL({ vectors })],
  ])('is refused where the classifier is frozen, whichever is given first: %s', (_, other) => {
    for (const plugins of [
      [lwf({ warmUp: 1 }), other()],
      [other(), lwf({ warmUp: 1 })],
    ]) {
      const model = tinyTextEncoder.model();
      model.state();
      const held = engineMemory().numTensors;
      expect(() => attach<unknown>(model, plugins, { loss: () => scalar(0) })).toThrow(/LWF_HEAD.*does not train/s);
      expect(engineMemory().numTensors).toBe(held);
      model.dispose();
    }
  });
});

describe('replay, class names and a ladder', () => {
  it('train, resume and leave', async () => {
    const order = await expectTogether(
      afterFirstTask(tinyTextEncoder),
      () => [memory({ samples: 6 }), er(), lingoCL({ vectors, temperature: 0.5 })],
      () => [useOf('ladder', 0).plugins()],
    );
    expect(order).toEqual(['memory', 'er', 'ladder', 'lingocl']);
  });
});
