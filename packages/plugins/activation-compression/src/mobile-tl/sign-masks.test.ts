import { attach, hardSwish, Module, Parameter, randomStream } from '@tapgrad/core';
import { mul, relu, relu6, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { signMasks } from './sign-masks.ts';

const functions = { relu, relu6, hardSwish };
type Name = keyof typeof functions;

/** f applied to a parameter, so that its slopes are the gradient of the sum. */
class Activated extends Module<[scale: Tensor]> {
  readonly x: Parameter;
  constructor(
    values: readonly number[],
    private readonly name: Name,
  ) {
    super();
    this.x = new Parameter(tensor([...values]));
  }
  override forward(scale: Tensor): Tensor {
    return functions[this.name](mul(this.x.read(), scale));
  }
}

/** Output and slopes at these values. */
function slopes(name: Name, values: readonly number[], form?: 'sign' | 'exact'): { y: number[]; slope: number[] } {
  const model = new Activated(values, name);
  const stack = attach<Tensor>(model, form ? [signMasks({ form })] : [], {
    loss: (y) => sum(y),
    // The argument is a product of values that live anyway: it would be computed again, and nothing kept.
    derivedSlots: false,
  });
  const scale = tensor([1]);
  const made = stack.gradientsOf({ inputs: scale });
  const slope = Array.from(made.gradients.get('x')!.dataSync());
  made.dispose();
  const y = tidy(() => Array.from(model.call(scale).dataSync()));
  stack.detach();
  scale.dispose();
  model.dispose();
  return { y, slope };
}

describe('sign masks', () => {
  it('have the values that can be checked by hand', () => {
    const x = [-1, 0.5, 7, 0];
    expect(slopes('relu6', x, 'sign').slope).toEqual([0, 1, 1, 0]);
    expect(slopes('relu6', x, 'exact').slope).toEqual([0, 1, 0, 0]);
    expect(slopes('hardSwish', [0.5], 'sign').slope).toEqual([1]);
    expect(slopes('hardSwish', [0.5], 'exact').slope[0]).toBeCloseTo(2 / 3, 12);
  });

  const x = randomStream(4, 'x').normal(997, 0, 4);

  it('are the gradient itself for ReLU everywhere, and for ReLU6 below 6; exact, everywhere', () => {
    expect(slopes('relu', [...x], 'sign')).toEqual(slopes('relu', [...x]));
    expect(slopes('relu6', [...x], 'exact')).toEqual(slopes('relu6', [...x]));
    const below = [...x].filter((each) => each < 6);
    expect(below.length).toBeLessThan(x.length);
    expect(slopes('relu6', below, 'sign')).toEqual(slopes('relu6', below));
    expect(slopes('relu6', [...x], 'sign').y).toEqual(slopes('relu6', [...x]).y);
  });

  it.each([
    [1, 0.513, 0.903],
    [2, 0.375, 0.93],
    [3, 0.324, 0.946],
  ])('of hard swish are off by the known share for x ~ N(0, %d²)', (deviation, error, cosine) => {
    const values = [...randomStream(8, deviation).normal(20_000, 0, deviation)];
    const [mask, exact] = [slopes('hardSwish', values, 'sign').slope, slopes('hardSwish', values).slope];
    const dot = (a: number[], b: number[]) => a.reduce((total, each, i) => total + each * (b[i] as number), 0);
    const difference = mask.map((each, i) => each - (exact[i] as number));
    expect(Math.sqrt(dot(difference, difference) / dot(exact, exact))).toBeCloseTo(error, 2);
    expect(dot(mask, exact) / Math.sqrt(dot(mask, mask) * dot(exact, exact))).toBeCloseTo(cosine, 2);
    expect(Math.max(...difference.map(Math.abs))).toBeLessThanOrEqual(0.5);
  });
});
