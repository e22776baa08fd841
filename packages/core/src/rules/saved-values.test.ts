import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { markParameter } from '../tape/buffer-marks.ts';
import { record } from '../tape/gradients.ts';
import './index.ts';

interface Case {
  readonly name: string;
  /** Shapes of the operands, by name; `x` is an activation, the others are variables. */
  readonly shapes: Record<string, number[]>;
  readonly run: (operands: Record<string, tf.Tensor>) => tf.Tensor;
  /** For each set of operands that need a gradient: elements kept besides the parameters. */
  readonly saved: Record<string, number>;
}

const t4 = (tensor: tf.Tensor | undefined) => tensor as tf.Tensor4D;
const image = [2, 4, 4, 3];
const imageSize = 96;

const cases: readonly Case[] = [
  {
    name: 'convolution',
    shapes: { x: image, filter: [3, 3, 3, 5] },
    run: ({ x, filter }) => tf.conv2d(t4(x), t4(filter), 1, 'same'),
    saved: { x: 0, filter: imageSize, 'x,filter': imageSize },
  },
  {
    name: 'depthwise convolution',
    shapes: { x: image, filter: [3, 3, 3, 2] },
    run: ({ x, filter }) => tf.depthwiseConv2d(t4(x), t4(filter), 1, 'same'),
    saved: { x: 0, filter: imageSize },
  },
  {
    name: 'fused convolution without activation',
    shapes: { x: image, filter: [3, 3, 3, 5], bias: [5] },
    run: ({ x, filter, bias }) =>
      tf.fused.conv2d({ x: t4(x), filter: t4(filter), strides: 1, pad: 'same', bias: bias as tf.Tensor }),
    saved: { bias: 0, x: 0, 'x,bias': 0, 'filter,bias': imageSize },
  },
  {
    name: 'fused convolution and relu',
    shapes: { x: image, filter: [3, 3, 3, 5], bias: [5] },
    run: ({ x, filter, bias }) =>
      tf.fused.conv2d({
        x: t4(x),
        filter: t4(filter),
        strides: 1,
        pad: 'same',
        bias: bias as tf.Tensor,
        activation: 'relu',
      }),
    saved: { bias: 160, x: 160, 'filter,bias': imageSize + 160 },
  },
  {
    name: 'batch normalisation',
    shapes: { x: image, mean: [3], variance: [3], scale: [3], offset: [3] },
    run: ({ x, mean, variance, scale, offset }) =>
      tf.batchNorm(t4(x), mean as tf.Tensor1D, variance as tf.Tensor1D, offset as tf.Tensor1D, scale as tf.Tensor1D),
    saved: { x: 0, offset: 0, 'x,offset': 0, scale: imageSize, 'x,mean,variance,scale,offset': imageSize },
  },
  {
    name: 'average pooling',
    shapes: { x: image },
    run: ({ x }) => tf.avgPool(t4(x), 3, 1, 'same'),
    saved: { x: 0 },
  },
  {
    name: 'max pooling',
    shapes: { x: image },
    run: ({ x }) => tf.maxPool(t4(x), 2, 2, 'valid'),
    saved: { x: imageSize },
  },
  {
    name: 'resizing',
    shapes: { x: image },
    run: ({ x }) => tf.image.resizeNearestNeighbor(tf.image.resizeBilinear(t4(x), [7, 7]), [3, 3]),
    saved: { x: 0 },
  },
  { name: 'cumulative sum', shapes: { x: [4, 5] }, run: ({ x }) => tf.cumsum(x as tf.Tensor, 1), saved: { x: 0 } },
  {
    name: 'largest values: their positions',
    shapes: { x: [4, 5] },
    run: ({ x }) => tf.topk(x as tf.Tensor, 2).values,
    saved: { x: 8 },
  },
  {
    name: 'einsum',
    shapes: { x: [4, 5], weight: [5, 3] },
    run: ({ x, weight }) => tf.einsum('ij,jk->ik', x as tf.Tensor, weight as tf.Tensor),
    saved: { x: 0, weight: 20 },
  },
];

function savedElements({ shapes, run }: Case, needed: readonly string[]): number {
  const operands = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const values = tf.fill(shape, 0.5);
      return [name, name === 'x' ? values : tf.variable(values)];
    }),
  );
  try {
    const parameters = Object.fromEntries(needed.map((name) => [name, operands[name] as tf.Tensor]));
    // Every variable is a parameter, frozen or not: it lives anyway.
    for (const [name, operand] of Object.entries(operands)) if (name !== 'x') markParameter(operand);
    const { value, tape } = record(() => run(operands), { parameters });
    const elements = tape.savedBytes / 4;
    tape.backward(value, { gradient: value });
    expect([...tape.gradients.keys()].sort()).toEqual([...needed].sort());
    tape.dispose();
    value.dispose();
    return elements;
  } finally {
    tf.dispose(operands);
  }
}

describe('a rule saves what the wanted gradients need, and nothing else', () => {
  for (const each of cases) {
    for (const [needed, elements] of Object.entries(each.saved)) {
      it(`${each.name}, gradient of ${needed}: ${elements} elements`, () => {
        expect(tf.tidy(() => savedElements(each, needed.split(',')))).toBe(elements);
      });
    }
  }
});
