import { definePlugin, type Plugin, type Stack } from '@tapgrad/core';
import type { ResNet } from '@tapgrad/nn';
import { add, memory, type Tensor, tensor, tidy, zeros, zerosLike } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { momentumAuxiliary } from '../index.ts';
import {
  attached,
  differentiated,
  disposeBatch,
  type ImageBatch,
  imageBatch,
  losses,
  tinyResNet,
  tinyTextEncoder,
  tinyVisionTransformer,
  valuesOf,
} from '../test-models.ts';
import type { MomentumAuxiliaryOptions } from './options.ts';

let model: ResNet;
let batch: ImageBatch;
let stacks: Stack<Tensor>[];

beforeEach(() => {
  model = tinyResNet();
  batch = imageBatch();
  stacks = [];
});

afterEach(() => {
  for (const stack of stacks) release(stack);
  model.dispose();
  disposeBatch(batch);
});

function attach(of: Parameters<typeof attached>[0], ...plugins: Plugin[]): Stack<Tensor> {
  const stack = attached(of, ...plugins);
  stacks.push(stack);
  return stack;
}

function release(stack: Stack<Tensor>): void {
  stack.detach();
  stack.options.optimizer?.dispose();
}

const counts = () => [memory().numTensors, memory().numDataBuffers];
const part = (stack: Stack<Tensor>, name: string) =>
  valuesOf(
    new Map(
      [...stack.namedParameters()].filter(([each]) => each.includes(name)).map(([each, p]) => [each, p.variable]),
    ),
  );

describe('a step with MAN', () => {
  it('makes the losses of all parts fall, and shows them by name', async () => {
    const stack = attach(model, momentumAuxiliary({ parts: 3, reconstruction: 1 }));
    const first = await (await stack.step(batch)).terms;
    expect(Object.keys(first)).toEqual(['task', 'momentum-auxiliary/0', 'momentum-auxiliary/1']);
    await losses(stack, batch, 12);
    const last = await (await stack.step(batch)).terms;
    for (const name of Object.keys(first)) expect(last[name]).toBeLessThan(first[name] as number);
  });

  it('moves the average to the new weights; m = 0 copies them, m = 1 never moves', async () => {
    for (const [momentum, expected] of [
      [0, (source: number[]) => source],
      [1, (_: number[], average: number[]) => average],
      [
        0.9,
        (source: number[], average: number[]) => average.map((each, i) => 0.9 * each + 0.1 * (source[i] as number)),
      ],
    ] as const) {
      const stack = attach(model, momentumAuxiliary({ parts: 2, momentum }));
      await losses(stack, batch, 2);
      const name = 'average-0.conv1.weight';
      const [average] = Object.values(part(stack, name));
      await losses(stack, batch, 1);
      const [after] = Object.values(part(stack, name));
      const source = model.namedParameters().get('layer2.0.conv1.weight')?.variable.dataSync() ?? [];
      const wanted = expected([...source], average as number[]);
      for (const [i, value] of (after as number[]).entries()) expect(value).toBeCloseTo(wanted[i] as number, 14);
      release(stack);
    }
  });

  it('adds up micro-batches as it averages their losses, and moves the average once', async () => {
    const other = imageBatch(1);
    const gradients = (stack: Stack<Tensor>, of: ImageBatch) => differentiated(stack, of).gradients;
    let seen: Record<string, number[]> = {};
    const watcher = definePlugin({
      name: 'watcher',
      apply: ({ hooks }) => void hooks.gradients.step.tap((all) => void (seen = valuesOf(all))),
    });
    const stack = attach(model, momentumAuxiliary({ parts: 2, momentum: 0.5 }), watcher());
    const [a, b] = [gradients(stack, batch), gradients(stack, other)];
    const average = part(stack, 'average-0.bn1.weight');
    const { terms } = await stack.step([batch, other]);
    await terms;
    expect(Object.keys(seen).sort()).toEqual(Object.keys(a).sort());
    for (const [name, values] of Object.entries(seen)) {
      for (const [i, value] of values.entries()) {
        expect(value).toBeCloseTo(
          ((a[name] as number[])[i] as number) / 2 + ((b[name] as number[])[i] as number) / 2,
          10,
        );
      }
    }
    const before = Object.values(average).flat();
    const source = model.namedParameters().get('layer2.0.bn1.weight')?.variable.dataSync() ?? [];
    for (const [i, value] of Object.values(part(stack, 'average-0.bn1.weight')).flat().entries()) {
      expect(value).toBeCloseTo((before[i] as number) / 2 + (source[i] as number) / 2, 14);
    }
    disposeBatch(other);
  });

  it('gives the same gradients, up to the order of sums, whether auxiliary networks are kept or run again', () => {
    const made = (recompute: boolean) => {
      const stack = attach(model, momentumAuxiliary({ parts: 3, recompute }));
      const result = differentiated(stack, batch);
      release(stack);
      return result;
    };
    const [again, kept] = [made(true), made(false)];
    expect(again.terms).toEqual(kept.terms);
    expect(Object.keys(again.gradients).sort()).toEqual(Object.keys(kept.gradients).sort());
    for (const [name, values] of Object.entries(again.gradients)) {
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(kept.gradients[name]?.[i] as number, 12);
    }
  });

  it('gives the same gradients where the last blocks of a part run again in backward; detached, they no longer do', () => {
    const made = (recomputeBlocks: number) => {
      const stack = attach(model, momentumAuxiliary({ parts: 2, recomputeBlocks }));
      const result = differentiated(stack, batch);
      const again = [...model.namedModules()].filter(([, module]) => module.recomputed).map(([path]) => path);
      release(stack);
      return { ...result, again };
    };
    const [again, kept] = [made(1), made(0)];
    expect(again.again).toEqual(['layer1.1']);
    expect(kept.again).toEqual([]);
    expect(again.terms).toEqual(kept.terms);
    for (const [name, values] of Object.entries(again.gradients)) {
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(kept.gradients[name]?.[i] as number, 12);
    }
    expect(Object.keys(again.gradients).sort()).toEqual(Object.keys(kept.gradients).sort());
  });

  it('learns from a supervised contrastive loss', async () => {
    const stack = attach(model, momentumAuxiliary({ parts: 2, loss: 'contrastive', reconstruction: 0 }));
    const first = await (await stack.step(batch)).terms;
    await losses(stack, batch, 10);
    const last = await (await stack.step(batch)).terms;
    expect(last['momentum-auxiliary/0']).toBeLessThan(first['momentum-auxiliary/0'] as number);
  });

  it('draws an image that a function of the batch gives, at a reduced size', async () => {
    const normalised = tidy(() => add(batch.inputs, -3));
    const options = {
      parts: 2,
      image: (of: { raw?: unknown }) => of.raw as Tensor,
      imageReduction: 2,
      upsample: 'last',
    } as const;
    const stack = attach(model, momentumAuxiliary(options as MomentumAuxiliaryOptions));
    const of = { ...batch, inputs: normalised, raw: batch.inputs };
    const { terms } = differentiated(stack, of);
    const dark = { ...of, raw: tidy(() => zerosLike(batch.inputs)) };
    expect(differentiated(stack, dark).terms['momentum-auxiliary/0']).not.toBe(terms['momentum-auxiliary/0']);
    await losses(stack, of, 2);
    normalised.dispose();
    dark.raw.dispose();
  });
});

describe('without auxiliaries', () => {
  it('prediction and evaluation are those of the model alone', async () => {
    const stack = attach(model, momentumAuxiliary({ parts: 2 }));
    await losses(stack, batch, 2);
    const predicted = stack.predict(batch.inputs);
    const { loss } = await stack.evaluate([batch]);
    release(stack);
    const plain = attach(model);
    const expected = plain.predict(batch.inputs);
    expect([...predicted.dataSync()]).toEqual([...expected.dataSync()]);
    expect((await plain.evaluate([batch])).loss).toBe(loss);
    predicted.dispose();
    expected.dispose();
  });

  it('the model is left as it was, and no buffer', async () => {
    attach(model).detach();
    const before = valuesOf(model.state());
    const held = counts();
    const stack = attach(model, momentumAuxiliary({ parts: 3 }));
    differentiated(stack, batch);
    release(stack);
    expect(counts()).toEqual(held);
    // A forward in training moves the statistics of batch norms, and nothing else.
    const moved = Object.entries(valuesOf(model.state())).filter(
      ([name, values]) => values.join() !== before[name]?.join(),
    );
    expect(moved.every(([name]) => name.includes('running'))).toBe(true);
  });

  it('checkpoints hold the model by itself, or the model and the auxiliaries', async () => {
    const steps = (stack: Stack<Tensor>) => losses(stack, batch, 3);
    const stack = attach(model, momentumAuxiliary({ parts: 2 }));
    await losses(stack, batch, 2);
    expect([...stack.state('model').tensors.keys()].some((name) => name.includes('momentum-auxiliary'))).toBe(false);
    const { tensors, json } = stack.state();
    const copies = new Map([...tensors].map(([name, each]) => [name, tensor(each.dataSync(), each.shape)]));
    const told = JSON.parse(JSON.stringify(json)) as typeof json;
    const rest = await steps(stack);
    const end = valuesOf(stack.state().tensors);
    release(stack);
    const resumed = attach(model, momentumAuxiliary({ parts: 2 }));
    resumed.loadState({ tensors: copies, json: told });
    for (const copy of copies.values()) copy.dispose();
    expect(await steps(resumed)).toEqual(rest);
    expect(valuesOf(resumed.state().tensors)).toEqual(end);
  });
});

describe('a fault', () => {
  let failing = false;
  const faultAt = (place: string) =>
    definePlugin({
      name: 'fault',
      apply: ({ hooks }) =>
        void hooks.tap(place).forward(() => {
          if (failing) throw new Error('fault');
        }),
    })();

  it.each([
    'layer1.1:output',
    'momentum-auxiliary/average-0:input',
    'momentum-auxiliary/decoder-0:output',
    'layer2.0:output',
    ':output',
  ])('at %s leaves nothing, and the next step goes well', async (place) => {
    const stack = attach(model, momentumAuxiliary({ parts: 2 }), faultAt(place));
    await losses(stack, batch, 1);
    const [held, average] = [counts(), part(stack, 'average-0')];
    failing = true;
    await expect(stack.step(batch)).rejects.toThrow('fault');
    failing = false;
    expect(counts()).toEqual(held);
    expect(part(stack, 'average-0')).toEqual(average);
    // A block by itself is no forward of the model.
    tidy(() => void (model.layer2[0] as ResNet['layer2'][number]).call(zeros([1, 4, 4, 4])));
    expect(Number.isFinite((await losses(stack, batch, 1))[0])).toBe(true);
    expect(counts()).toEqual(held);
  });
});

describe('transformers', () => {
  it('of images are cut between their blocks, with and without a decoder of the patches', async () => {
    const transformer = tinyVisionTransformer();
    for (const reconstruction of [1, 0]) {
      const stack = attach(transformer, momentumAuxiliary({ parts: 3, reconstruction }));
      const [first, ...rest] = await losses(stack, batch, 8);
      expect(rest.at(-1)).toBeLessThan(first as number);
      release(stack);
    }
    transformer.dispose();
  });

  it('of text guess from the mean of real tokens; there is no image to draw', async () => {
    const encoder = tinyTextEncoder();
    expect(() => attach(encoder, momentumAuxiliary())).toThrow('LOCAL_IMAGE');
    const ids = (padding: number[]) =>
      tensor([1, 2, 3, ...padding, 4, 5, 6, ...padding], [2, 3 + padding.length], 'int32');
    const targets = tensor([0, 2], [2], 'int32');
    const stack = attach(encoder, momentumAuxiliary({ reconstruction: 0 }));
    const [short, long] = [ids([]), ids([-1, -1])];
    const a = differentiated(stack, { inputs: short, targets });
    const b = differentiated(stack, { inputs: long, targets });
    for (const name of Object.keys(a.terms)) expect(b.terms[name]).toBeCloseTo(a.terms[name] as number, 8);
    for (const each of [short, long, targets]) each.dispose();
    release(stack);
    encoder.dispose();
  });
});
