import {
  attach,
  type Batch,
  definePlugin,
  disposeBatch,
  type GradientMap,
  Module,
  type Plugin,
  randomStream,
  type Stack,
} from '@tapgrad/core';
import { crossEntropy, Dropout, Linear } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import { dispose, relu, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { aGem, der, derpp, er, ewc, growingHead, lwf, memory, memoryOf, prd, si, weightAveraging } from './index.ts';

/** Linear, ReLU, dropout, linear: `[batch, 4]` to 3 logits. */
class Dropping extends Module {
  readonly body: Linear;
  readonly dropout = new Dropout(0.5);
  readonly head: Linear;

  constructor() {
    super();
    const random = randomStream(2, 'dropping');
    this.body = new Linear(4, 12, { random });
    this.head = new Linear(12, 3, { random });
  }

  override forward(x: Tensor): Tensor {
    return this.head.call(this.dropout.call(relu(this.body.call(x))));
  }
}

function batchOf(index: number, label?: number): Batch {
  const targets = Int32Array.from({ length: 6 }, (_, i) => label ?? i % 3);
  return { inputs: tensor(randomStream(4, 'x', index).normal(24), [6, 4]), targets: tensor(targets, [6], 'int32') };
}

interface Run {
  readonly stack: Stack<Tensor>;
  step(index: number, label?: number): Promise<Readonly<Record<string, number>>>;
  task<T>(index: number, f: () => Promise<T>): Promise<T>;
  weights(): number[][];
}

async function running<T>(plugins: readonly Plugin[], f: (run: Run) => Promise<T>): Promise<T> {
  const model = new Dropping();
  const optimizer = sgd({ learningRate: 0.1 });
  const stack = attach<Tensor>(model, plugins, { loss: crossEntropy, optimizer, seed: 11 });
  try {
    return await f({
      stack,
      async step(index, label) {
        const batch = batchOf(index, label);
        try {
          return await (await stack.step(batch)).terms;
        } finally {
          disposeBatch(batch);
        }
      },
      async task(index, inside) {
        const task = { index, count: 3, name: `task ${index}`, classes: [0, 1, 2], batches: () => [batchOf(50)] };
        await stack.begin('task', { index, task });
        const made = await inside();
        await stack.end('task', { index, task });
        return made;
      },
      weights: () => [...model.state().values()].map((each) => [...each.dataSync()]),
    });
  } finally {
    stack.detach();
    optimizer.dispose();
    model.dispose();
  }
}

const dot = (a: GradientMap, b: GradientMap): number => {
  let sum = 0;
  for (const [name, each] of a) {
    const other = b.get(name)?.dataSync() ?? [];
    for (const [i, value] of each.dataSync().entries()) sum += value * (other[i] ?? 0);
  }
  return sum;
};

describe('A-GEM and penalties', () => {
  it('projects the gradient of both, behind every plugin that adds one', async () => {
    const found = { penalty: 0, before: 0, after: 0, same: 0 };
    const spy = (
      name: string,
      order: { before: string[]; after: string[] },
      f: (gradients: GradientMap, reference: GradientMap) => void,
    ) =>
      definePlugin({
        name,
        ...order,
        apply({ hooks, model, taskGradients }) {
          if (name === 'before') hooks.loss.keepApart('ewc');
          hooks.gradients.step.tap((gradients, { byTerm }) => {
            const [all] = [...(memoryOf(model)?.batches(6) ?? [])];
            if (!all) return;
            const reference = taskGradients(all);
            const penalty = byTerm.get('ewc');
            if (penalty) found.penalty = dot(penalty, penalty);
            f(gradients, reference.gradients);
            dispose([all as never, ...reference.gradients.values(), ...Object.values(reference.terms)]);
          });
        },
      })();
    const before = spy('before', { after: ['memory'], before: ['a-gem'] }, (g, r) => {
      found.before = dot(g, r);
    });
    const after = spy('after', { after: ['a-gem'], before: [] }, (g, r) => {
      found.after = dot(g, r);
      found.same = dot(g, g);
    });
    const plugins = [after, aGem({ batchSize: 6 }), before, ewc({ lambda: 3 }), memory({ samples: 6 })];
    await running(plugins, async ({ stack, step, task }) => {
      // Its draws would make each reference another one.
      (stack.model as unknown as Dropping).dropout.eval();
      expect(stack.plugins.indexOf('ewc')).toBeLessThan(stack.plugins.indexOf('a-gem'));
      expect(stack.explain()).toMatch(/ewc before a-gem: a-gem reads loss:penalty, which ewc changes/);
      await task(0, () => step(0, 0));
      await task(1, async () => {
        await step(1, 1);
        return step(2, 2);
      });
    });
    expect(found.penalty).toBeGreaterThan(0);
    expect(found.before).toBeLessThan(0);
    expect(Math.abs(found.after)).toBeLessThan(1e-9 * Math.max(1, found.same));
  });
});

describe('what cannot be together is refused with the reason', () => {
  const refusal = (...plugins: Plugin[]) => expect(running(plugins, async () => undefined)).rejects;

  it('SI and averaged weights', async () => {
    for (const plugins of [
      [si(), weightAveraging()],
      [weightAveraging(), si()],
    ]) {
      await refusal(...plugins).toThrow(/PLUGIN_CONFLICT: si cannot.*weight-averaging: the path integral/s);
    }
  });

  it('DER beside DER++, prototypes beside a head that grows', async () => {
    await refusal(memory({ samples: 4 }), der(), derpp()).toThrow(/PLUGIN_CONFLICT.*one of the two of derpp/s);
    await refusal(prd(), growingHead()).toThrow(/PLUGIN_CONFLICT.*by its prototypes/s);
  });
});

describe('extra forwards and dropout', () => {
  const alone = (f: (run: Run) => Promise<unknown>) => running([], f);
  const kept = () => memory({ samples: 4 });
  const methods: readonly (readonly [string, () => Plugin[]])[] = [
    ['er', () => [kept(), er()]],
    ['der', () => [kept(), der()]],
    ['derpp', () => [kept(), derpp()]],
    ['a-gem', () => [kept(), aGem()]],
    ['lwf', () => [lwf()]],
  ];

  it.each(methods)('%s with nothing to replay is not there, bit for bit', async (_, plugins) => {
    const first = async ({ step, weights }: Run) => [(await step(0)).task, weights()];
    expect(await running(plugins(), first)).toEqual(await alone(first));
  });

  it.each([
    ['er', () => [kept(), er({ batchSize: 0 })]],
    ['der', () => [kept(), der({ alpha: 0 })]],
    ['derpp', () => [kept(), derpp({ alpha: 0, beta: 0 })]],
    ['a-gem', () => [kept(), aGem({ batchSize: 0 })]],
    ['lwf', () => [lwf({ alpha: 0 })]],
  ] as const)('%s with its coefficient at 0 draws the same masks for many steps', async (_, plugins) => {
    const course = async ({ step, task, weights }: Run) => {
      const losses = await task(0, async () => [await step(0), await step(1)]);
      return [losses, await task(1, async () => [await step(2), await step(3)]), weights()];
    };
    expect(await running(plugins(), course)).toEqual(await alone(course));
  });

  it.each([
    ['der', () => [kept(), der()]],
    ['derpp', () => [kept(), derpp()]],
  ] as const)('%s leaves the masks of the batch itself as they are', async (_, plugins) => {
    // The first step is that of the model alone: the same weights meet the second.
    const second = async ({ step }: Run) => {
      await step(0);
      return (await step(1)).task;
    };
    expect(await running(plugins(), second)).toBe(await alone(second));
  });
});
