/** Kernels of two broadcast operands. Where two operands tie, tfjs's convention holds: the first takes the gradient. */
import {
  add,
  cast,
  div,
  equal,
  floor,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  mul,
  neg,
  onesLike,
  pow,
  square,
  sub,
  type Tensor,
  where,
} from '@tensorflow/tfjs-core';
import { sumTo } from './broadcast.ts';
import { conjugate, negative } from './complex.ts';
import { rule } from './registry.ts';

const indicator = (condition: Tensor): Tensor => cast(condition, 'float32');

rule('Add', {
  inputs: ['a', 'b'],
  cheap: true,
  backward: ({ dy, shapes }) => ({ a: () => sumTo(dy, shapes.a), b: () => sumTo(dy, shapes.b) }),
});

rule('AddN', {
  inputs: 'variadic',
  backward: ({ dy, count }) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`, () => dy])),
});

rule('Sub', {
  inputs: ['a', 'b'],
  cheap: true,
  backward: ({ dy, shapes }) => ({ a: () => sumTo(dy, shapes.a), b: () => negative(sumTo(dy, shapes.b)) }),
});

/** Of complex numbers: times the conjugate of the other factor. */
rule('Multiply', {
  inputs: ['a', 'b'],
  cheap: true,
  saves: (need) => [need.a && 'b', need.b && 'a'],
  backward: ({ dy, saved, shapes, release }) => ({
    a() {
      const gradient = sumTo(mul(dy, conjugate(saved.b)), shapes.a);
      release('b');
      return gradient;
    },
    b() {
      const gradient = sumTo(mul(dy, conjugate(saved.a)), shapes.b);
      release('a');
      return gradient;
    },
  }),
});

rule('RealDiv', {
  inputs: ['a', 'b'],
  cheap: true,
  saves: (need) => ['b', need.b && 'a'],
  backward: ({ dy, saved, shapes }) => ({
    a: () => sumTo(div(dy, saved.b), shapes.a),
    b: () => neg(sumTo(div(mul(dy, saved.a), square(saved.b)), shapes.b)),
  }),
});

/** `a - floor(a / b) · b`; its steps carry no gradient. */
rule('Mod', {
  inputs: ['a', 'b'],
  saves: (need) => (need.b ? ['a', 'b'] : []),
  backward: ({ dy, saved, shapes }) => ({
    a: () => sumTo(dy, shapes.a),
    b: () => neg(sumTo(mul(dy, floor(div(saved.a, saved.b))), shapes.b)),
  }),
});

/**
 * An exponent of 0 gives a gradient of 0 at every base, 0 included. A base that is not positive gives no gradient to
 * the exponent, as in tfjs.
 */
rule('Pow', {
  inputs: ['a', 'b'],
  saves: (need) => ['a', need.a && 'b', need.b && 'y'],
  backward: ({ dy, saved, shapes }) => ({
    a: () => sumTo(mul(dy, mul(saved.b, pow(saved.a, sub(nonZero(saved.b), 1)))), shapes.a),
    b: () => sumTo(mul(dy, mul(saved.y, log(positiveOrOne(saved.a)))), shapes.b),
  }),
});

rule('Maximum', {
  inputs: ['a', 'b'],
  cheap: true,
  saves: () => ['a', 'b'],
  backward: ({ dy, saved, shapes }) => ({
    a: () => sumTo(mul(dy, indicator(greaterEqual(saved.a, saved.b))), shapes.a),
    b: () => sumTo(mul(dy, indicator(less(saved.a, saved.b))), shapes.b),
  }),
});

rule('Minimum', {
  inputs: ['a', 'b'],
  cheap: true,
  saves: () => ['a', 'b'],
  backward: ({ dy, saved, shapes }) => ({
    a: () => sumTo(mul(dy, indicator(lessEqual(saved.a, saved.b))), shapes.a),
    b: () => sumTo(mul(dy, indicator(greater(saved.a, saved.b))), shapes.b),
  }),
});

rule('SquaredDifference', {
  inputs: ['a', 'b'],
  cheap: true,
  saves: () => ['a', 'b'],
  backward: ({ dy, saved, shapes }) => {
    const slope = (): Tensor => mul(mul(dy, 2), sub(saved.a, saved.b));
    return { a: () => sumTo(slope(), shapes.a), b: () => neg(sumTo(slope(), shapes.b)) };
  },
});

rule('Atan2', {
  inputs: ['a', 'b'],
  saves: () => ['a', 'b'],
  backward: ({ dy, saved, shapes }) => {
    const scaled = (): Tensor => div(dy, add(square(saved.a), square(saved.b)));
    return {
      a: () => sumTo(mul(scaled(), saved.b), shapes.a),
      b: () => neg(sumTo(mul(scaled(), saved.a), shapes.b)),
    };
  },
});

function nonZero(exponent: Tensor): Tensor {
  return add(exponent, indicator(equal(exponent, 0)));
}

function positiveOrOne(base: Tensor): Tensor {
  return where(greater(base, 0), base, onesLike(base));
}
