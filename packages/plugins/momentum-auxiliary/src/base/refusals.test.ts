import { definePlugin, Module, type Plugin, randomStream, type SlotStage, type Stack } from '@tapgrad/core';
import { Linear, ResNet } from '@tapgrad/nn';
import { add, memory, sub, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localLearning, momentumAuxiliary, syntheticGradients } from '../index.ts';
import {
  attached,
  disposeBatch,
  type ImageBatch,
  imageBatch,
  tinyResNet,
  tinyVisionTransformer,
} from '../test-models.ts';

const random = randomStream(2, 'refusals');

/** A chain of layers whose forward a test may bend. */
class Bent extends Module {
  readonly layers = [0, 1, 2].map(() => new Linear(4, 4, { random }));
  readonly head = new Linear(4, 3, { random });
  order: readonly number[] = [0, 1, 2];

  override forward(x: Tensor): Tensor {
    return this.head.call(this.order.reduce((value, layer) => (this.layers[layer] as Linear).call(value), x));
  }
}

/** Reads its own input, and what another layer made of it. */
class Gate extends Module<[x: Tensor, beside: Tensor]> {
  readonly inner = new Linear(4, 4, { random });
  override forward(x: Tensor, beside: Tensor): Tensor {
    return add(this.inner.call(x), beside);
  }
}

class Crossed extends Module {
  readonly first = new Linear(4, 4, { random });
  readonly gate = new Gate();
  readonly head = new Linear(4, 3, { random });
  override forward(x: Tensor): Tensor {
    return this.head.call(this.gate.call(this.first.call(x), this.first.call(x)));
  }
}

let batch: ImageBatch;
let vectors: ImageBatch;
const cleanUp: (() => void)[] = [];

beforeEach(() => {
  batch = imageBatch();
  vectors = { inputs: tensor(randomStream(3, 'x').normal(16), [4, 4]), targets: tensor([0, 1, 2, 0], [4], 'int32') };
});

afterEach(() => {
  for (const f of cleanUp.splice(0).reverse()) f();
  disposeBatch(batch);
  disposeBatch(vectors);
});

function put(model: Module<never, Tensor>, ...plugins: Plugin[]): Stack<Tensor> {
  cleanUp.push(() => model.dispose());
  const stack = attached(model, ...plugins);
  cleanUp.push(() => {
    stack.detach();
    stack.options.optimizer?.dispose();
  });
  return stack;
}

async function refused(stack: Stack<Tensor>, of: ImageBatch, code: string): Promise<void> {
  // What is made when it is first used is made now.
  stack.state();
  const before = [memory().numTensors, memory().numDataBuffers];
  await expect(stack.step(of)).rejects.toMatchObject({ code });
  expect([memory().numTensors, memory().numDataBuffers]).toEqual(before);
}

const layers = { blocks: 'layers.*', parts: 3, features: 4 } as const;

describe('at attach', () => {
  it.each<[string, () => Plugin, string]>([
    ['more parts than blocks', () => localLearning({ parts: 9 }), 'LOCAL_PARTS'],
    ['a pattern without blocks', () => momentumAuxiliary({ blocks: 'none.*' }), 'NO_BLOCKS'],
    ['a part without a loss', () => momentumAuxiliary({ classification: 0, reconstruction: 0 }), 'LOCAL_NO_LOSS'],
    ['a cut before a block without sizes', () => localLearning({ cuts: ['avgpool'] }), 'LOCAL_WIDTH'],
  ])('%s is refused, and leaves nothing', (_, plugin, code) => {
    const model = tinyResNet();
    model.state();
    cleanUp.push(() => model.dispose());
    const before = memory().numTensors;
    expect(() => attached(model, plugin())).toThrow(code);
    expect(memory().numTensors).toBe(before);
  });

  it('parts and cuts together are refused, and unknown options', () => {
    expect(() => momentumAuxiliary({ parts: 2, cuts: ['layer2.0'] })).toThrow('PLUGIN_OPTIONS');
    expect(() => syntheticGradients({ depth: 2 } as never)).toThrow('PLUGIN_OPTIONS');
  });

  it('a model without a classifier must say its classes, and one without images has nothing to draw', () => {
    const model = new Gate();
    cleanUp.push(() => model.dispose());
    expect(() => attached(model as never, momentumAuxiliary({ cuts: ['inner'] }))).toThrow('LOCAL_IMAGE');
    const headless = new ResNet({
      architecture: { block: 'basic', stages: [1, 1], stem: 'cifar', channels: 4 },
      random,
    });
    cleanUp.push(() => headless.dispose());
    expect(() => attached(headless, localLearning())).toThrow('LOCAL_CLASSES');
  });

  it('two methods that cut one model are refused, and so are side networks and tokens', () => {
    const model = tinyResNet();
    cleanUp.push(() => model.dispose());
    expect(() => attached(model, momentumAuxiliary(), syntheticGradients())).toThrow('PLUGIN_WRITERS');
    const ladder = definePlugin({ name: 'ladder', apply: () => undefined });
    expect(() => attached(model, localLearning(), ladder())).toThrow('PLUGIN_CONFLICT');
  });
});

describe('in training', () => {
  it('images out of [0, 1] are refused before the forward', async () => {
    const stack = put(tinyResNet(), momentumAuxiliary());
    const dark = { ...batch, inputs: tidy(() => sub(batch.inputs, 0.5)) };
    await refused(stack, dark, 'LOCAL_IMAGE');
    dark.inputs.dispose();
    expect(Number.isFinite(await (await stack.step(batch)).loss)).toBe(true);
  });

  it('tokens that are no grid are refused', async () => {
    const stack = put(
      tinyVisionTransformer(),
      momentumAuxiliary({ reconstruction: 1, image: ({ wide }) => wide as Tensor }),
    );
    const wide = tensor(randomStream(1, 'wide').uniform(4 * 8 * 56, 0, 1), [4, 8, 56, 1]);
    await refused(stack, { ...batch, wide } as never, 'LOCAL_PATCHES');
    wide.dispose();
  });

  it('a batch without labels is refused', async () => {
    const stack = put(tinyResNet(), localLearning({ targets: () => undefined as never }));
    await refused(stack, batch, 'LOCAL_TARGETS');
  });

  it.each<[string, readonly number[], string]>([
    ['in another order', [0, 2, 1], 'LOCAL_ORDER'],
    ['twice', [0, 1, 1, 2], 'LOCAL_ORDER'],
    ['not at all', [0, 1], 'LOCAL_SKIPPED'],
  ])('blocks that run %s are refused', async (_, order, code) => {
    const model = new Bent();
    const stack = put(model, localLearning(layers));
    expect(Number.isFinite(await (await stack.step(vectors)).loss)).toBe(true);
    model.order = order;
    await refused(stack, vectors, code);
  });

  it('a second value that trains is refused at a cut', async () => {
    const stack = put(new Crossed() as never, localLearning({ cuts: ['gate'], classes: 3 }));
    await refused(stack, vectors, 'LOCAL_CROSSING');
  });

  it('saved values that come back late are refused: a part cannot wait for them', async () => {
    const offload = definePlugin({
      name: 'offload',
      apply({ hooks }) {
        const late: SlotStage<{ values: Float32Array; shape: number[] }> = {
          asynchronous: true,
          pack: (x) => ({ values: new Float32Array(x.dataSync()), shape: x.shape }),
          unpack: async ({ values, shape }) => tensor(values, shape),
        };
        hooks.save.tap((slot) => slot.through(late));
      },
    });
    const stack = put(new Bent(), localLearning(layers), offload());
    await refused(stack, vectors, 'LOCAL_ASYNC_RESTORE');
  });
});
