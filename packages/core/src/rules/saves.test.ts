import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { record } from '../index.ts';

const x = tf.tensor2d([1, -2, 3, 4, -5, 6], [2, 3]);
const other = tf.tensor2d([2, 1, 1, -1, 2, 3], [2, 3]);
const weight = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
const bias = tf.tensor1d([1, 2]);
const three = tf.scalar(3);
const condition = tf.greater(x, 0);
afterAll(() => tf.dispose([x, other, weight, bias, three, condition]));

/** The shapes of what is saved when `f` is recorded, in order of saving. */
function saved(f: () => tf.Tensor | tf.Tensor[], ...parameters: tf.Tensor[]): string[] {
  const shapes: string[] = [];
  const { value, tape } = record(f, {
    parameters,
    plan: (plan, request) => {
      shapes.push(`${request.operand}[${request.shape}]`);
      return plan;
    },
  });
  tape.dispose();
  tf.dispose(value);
  return shapes;
}

describe('nothing is saved by', () => {
  it.each<[string, () => tf.Tensor | tf.Tensor[]]>([
    ['add', () => tf.add(x, other)],
    ['sub', () => tf.sub(other, x)],
    ['neg', () => tf.neg(x)],
    ['addN', () => tf.addN([x, other, x])],
    ['sum', () => tf.sum(x, 0)],
    ['mean', () => tf.mean(x)],
    ['reshape', () => tf.reshape(x, [6])],
    ['transpose', () => tf.transpose(x)],
    ['reverse', () => tf.reverse(x, 0)],
    ['tile', () => tf.tile(x, [2, 1])],
    ['concat', () => tf.concat([x, other])],
    ['stack', () => tf.stack([x, other])],
    ['unstack', () => tf.unstack(x)],
    ['split', () => tf.split(x, 3, 1)],
    ['slice', () => tf.slice(x, [0, 1], [2, 1])],
    ['stridedSlice', () => tf.stridedSlice(x, [0, 0], [2, 3], [1, 2])],
    [
      'pad',
      () =>
        tf.pad(x, [
          [1, 1],
          [0, 0],
        ]),
    ],
    [
      'mirrorPad',
      () =>
        tf.mirrorPad(
          x,
          [
            [1, 1],
            [0, 0],
          ],
          'reflect',
        ),
    ],
    ['clone', () => tf.clone(x)],
    ['comparisons', () => tf.greater(x, other)],
    ['floor', () => tf.floor(x)],
  ])('%s', (_, f) => expect(saved(f, x)).toEqual([]));

  it('a matrix product with neither operand tracked, bias alone trained', () => {
    expect(saved(() => tf.fused.matMul({ a: x, b: weight, bias }), bias)).toEqual([]);
  });
});

describe('as little as can be is saved by', () => {
  it('a multiplication: the other factor of each that is tracked', () => {
    expect(saved(() => tf.mul(x, three), x)).toEqual(['b[]']);
    expect(saved(() => tf.mul(x, other), x, other)).toEqual(['b[2,3]', 'a[2,3]']);
  });

  it('a division by a constant: the constant', () => {
    expect(saved(() => tf.div(x, three), x)).toEqual(['b[]']);
  });

  it('a matrix product: what the tracked operand is multiplied with', () => {
    expect(saved(() => tf.matMul(x, weight), x)).toEqual(['b[3,2]']);
    expect(saved(() => tf.matMul(x, weight), weight)).toEqual(['a[2,3]']);
  });

  it('a fused product with relu, bias alone trained: the output', () => {
    const layer = () => tf.fused.matMul({ a: x, b: weight, bias, activation: 'relu' });
    expect(saved(layer, bias)).toEqual(['y[1,2,2]']);
    expect(saved(layer, x)).toEqual(['b[1,3,2]', 'y[1,2,2]']);
  });

  it('activations: one value', () => {
    for (const f of [tf.relu, tf.sigmoid, tf.tanh, tf.elu, tf.selu, tf.exp])
      expect(saved(() => f(x), x)).toEqual(['y[2,3]']);
    expect(saved(() => tf.softmax(x), x)).toEqual(['y[2,3]']);
  });

  it('where: the condition', () => {
    expect(saved(() => tf.where(condition, x, other), x, other)).toEqual(['condition[2,3]']);
  });
});
