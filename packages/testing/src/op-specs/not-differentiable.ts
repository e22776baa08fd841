import * as tf from '@tensorflow/tfjs-core';
import { type OpSpec, opSpec } from '../op-spec.ts';
import { binary, unary } from './families.ts';
import { reduction } from './reduce.ts';

const constant = { differentiable: false };
/** No half and no whole number is near. */
const betweenSteps = { range: [0.55, 0.95] } as const;
const logical = { a: { dtype: 'bool' }, b: { dtype: 'bool' }, extra: constant } as const;

export const notDifferentiableSpecs: readonly OpSpec[] = [
  unary('Ceil', (x) => tf.ceil(x), betweenSteps, constant),
  unary('Floor', (x) => tf.floor(x), betweenSteps, constant),
  unary('Round', (x) => tf.round(x), betweenSteps, constant),
  unary('Sign', (x) => tf.sign(x), { avoid: [0] }, constant),
  unary('Step', (x) => tf.step(x, 0.5), { avoid: [0] }, constant),
  unary('IsNan', (x) => tf.isNaN(x), {}, constant),
  unary('IsInf', (x) => tf.isInf(x), {}, constant),
  unary('IsFinite', (x) => tf.isFinite(x), {}, constant),
  unary('LogicalNot', (x) => tf.logicalNot(x), { dtype: 'bool' }, constant),
  unary('OnesLike', (x) => tf.onesLike(x), {}, constant),
  unary('ZerosLike', (x) => tf.zerosLike(x), {}, constant),

  binary('FloorDiv', (a, b) => tf.floorDiv(a, b), { a: { range: [0.1, 0.9] }, b: { range: [1, 2] }, extra: constant }),
  binary('Equal', (a, b) => tf.equal(a, b), { extra: constant }),
  binary('NotEqual', (a, b) => tf.notEqual(a, b), { extra: constant }),
  binary('Greater', (a, b) => tf.greater(a, b), { extra: constant }),
  binary('GreaterEqual', (a, b) => tf.greaterEqual(a, b), { extra: constant }),
  binary('Less', (a, b) => tf.less(a, b), { extra: constant }),
  binary('LessEqual', (a, b) => tf.lessEqual(a, b), { extra: constant }),
  binary('LogicalAnd', (a, b) => tf.logicalAnd(a, b), logical),
  binary('LogicalOr', (a, b) => tf.logicalOr(a, b), logical),

  reduction('ArgMax', (x, axis) => tf.argMax(x, Array.isArray(axis) ? axis[0] : axis), { distinct: true }, constant),
  reduction('ArgMin', (x, axis) => tf.argMin(x, Array.isArray(axis) ? axis[0] : axis), { distinct: true }, constant),
  reduction('All', tf.all, { dtype: 'bool' }, constant),
  reduction('Any', tf.any, { dtype: 'bool' }, constant),

  opSpec({
    kernel: 'OneHot',
    run: ([indices]) => tf.oneHot(indices!, 4),
    samples: [{ inputs: [{ shape: [5], dtype: 'int32' }] }],
    differentiable: false,
  }),
];
