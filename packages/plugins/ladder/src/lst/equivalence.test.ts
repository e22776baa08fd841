import { attach, type Stack } from '@tapgrad/core';
import { crossEntropy, type TextEncoder, type TextEncoderOptions } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import { eye, fill, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { ladder } from '../index.ts';
import { disposeBatch, scatter, tinyBatch, tinyEncoder } from '../test-models.ts';
import type { LadderOptions } from './options.ts';

const batch = () => tinyBatch(3, 5);
let model: TextEncoder;
let stack: Stack<Tensor>;

afterEach(() => {
  stack.detach();
  model.dispose();
});

function attached(options: LadderOptions, encoder: Partial<TextEncoderOptions> = {}): void {
  model = tinyEncoder(encoder);
  model.eval();
  stack = attach(model, [ladder(options)], { loss: crossEntropy, optimizer: sgd({ learningRate: 0 }) });
}

/** Sets all of the ladder's parameters of that name to a value. */
function set(ending: RegExp, value: (shape: readonly number[]) => Tensor): void {
  const found = [...stack.namedParameters()].filter(([name]) => name.startsWith('ladder/') && ending.test(name));
  expect(found.length).toBeGreaterThan(0);
  for (const [, parameter] of found) tidy(() => parameter.assign(value(parameter.shape)));
}

const gates = (alpha: number) => set(/gates\.\d+$/, () => tensor(alpha));
const zeros = (shape: readonly number[]) => fill([...shape], 0);

function outputs(): number[] {
  const given = batch();
  const values = tidy(() => Array.from(stack.predict(given.inputs).dataSync()));
  disposeBatch(given);
  return values;
}

describe('the gates at their ends', () => {
  it('far up: the output depends on the embedding, and on no block of the backbone', () => {
    attached({ reduction: 4, head: { classes: 3 }, init: 'random' });
    gates(1e4);
    const before = outputs();
    for (const layer of model.layers) scatter(layer as never);
    expect(outputs()).toEqual(before);
    scatter(model.embedding as never);
    expect(outputs()).not.toEqual(before);
  });

  it('far down: each side block sees its projection alone, whatever came before', () => {
    attached({ reduction: 4, head: { classes: 3 }, init: 'random' });
    gates(-1e4);
    const before = outputs();
    set(/entrance\.down\.(weight|bias)$/, (shape) => fill([...shape], 3));
    set(/rungs\.[01]\./, (shape) => fill([...shape], 0.1));
    expect(outputs()).toEqual(before);
    set(/rungs\.2\.down\.weight$/, (shape) => fill([...shape], 0.1));
    expect(outputs()).not.toEqual(before);
  });

  it('in the middle at the start', () => {
    attached({ reduction: 4, head: { classes: 3 } });
    const alphas = [...stack.namedParameters()].filter(([name]) => name.includes('gates'));
    expect(alphas.map(([name, each]) => [name, each.variable.dataSync()[0]])).toEqual(
      [0, 1, 2].map((layer) => [`ladder/side.gates.${layer}`, 0]),
    );
  });
});

describe('a ladder of reduction 1 that keeps everything', () => {
  it.each<[string, Partial<TextEncoderOptions>, LadderOptions]>([
    ['pre-norm, by magnitude', {}, { importance: 'magnitude' }],
    ['pre-norm, by Fisher information', {}, {}],
    ['pre-norm, measured in one pass', {}, { measure: 'model' }],
    ['post-norm', { norm: 'post' }, { importance: 'magnitude' }],
    ['the first token', { pooling: 'first' }, { importance: 'magnitude', pooling: 'first' }],
    ['RMS norm and separate projections', { normKind: 'rms', projections: 'separate' }, { importance: 'magnitude' }],
  ])('is the backbone: %s', async (_, encoder, options) => {
    attached({ reduction: 1, ...options }, encoder);
    const given = batch();
    await (await stack.step(given)).loss;
    gates(1e4);
    set(/(entrance\.down|side-head\.linear)\.weight$/, (shape) => eye(shape[0] as number));
    set(/(entrance\.down|side-head\.linear)\.bias$/, zeros);
    const side = outputs();
    stack.setEnabled('ladder', false);
    const backbone = outputs();
    side.forEach((value, i) => {
      expect(value).toBeCloseTo(backbone[i] as number, 12);
    });
    disposeBatch(given);
  });
});
