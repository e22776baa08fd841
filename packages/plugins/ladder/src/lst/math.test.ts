import { record } from '@tapgrad/core';
import { expectNoLeak, gradcheck, gradgradcheck } from '@tapgrad/testing';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor } from '../test-models.ts';
import { fuse, gate, gateSlope } from './math.ts';

const temperature = 0.1;

function number(f: () => Tensor): number {
  return tidy(() => f().dataSync()[0] as number);
}

describe('the gate', () => {
  it('is exactly one half at alpha 0', () => {
    expect(number(() => gate(tensor(0), temperature))).toBe(0.5);
  });

  it('is 0.622459 at alpha 0.05 and temperature 0.1', () => {
    expect(number(() => gate(tensor(0.05), temperature))).toBeCloseTo(0.622459, 6);
  });

  it('has slope 2.5 at alpha 0 and temperature 0.1', () => {
    expect(number(() => gateSlope(tensor(0), temperature))).toBe(2.5);
  });
});

describe('the mixture of side state and backbone', () => {
  const inputs = () => [randomTensor([2, 3, 4], 1), randomTensor([2, 3, 4], 2)] as const;

  it.each([
    ['the side state', 1e4, 0],
    ['the backbone', -1e4, 1],
  ])('is exactly %s when the gate is at its end', (_, alpha, index) => {
    expectNoLeak(() =>
      tidy(() => {
        const given = inputs();
        const mixed = fuse(...given, tensor(alpha), temperature);
        expect(Array.from(mixed.dataSync())).toEqual(Array.from(given[index as 0 | 1].dataSync()));
      }),
    );
  });

  it('has the gradients of its formula, in first and second order', () => {
    const given = [...inputs(), tensor(0.03)];
    gradcheck((side, projected, alpha) => fuse(side as Tensor, projected as Tensor, alpha as Tensor, 0.5), given);
    gradgradcheck((side, projected, alpha) => fuse(side as Tensor, projected as Tensor, alpha as Tensor, 0.5), given);
    for (const each of given) each.dispose();
  });

  it.each([
    [true, 24],
    [false, 0],
  ])('saves one difference only if the gate trains (%s: %i elements)', (trains, elements) => {
    const [side, projected] = inputs();
    const alpha = tensor(0);
    const parameters = trains ? { side, alpha } : { side };
    const { value, tape } = record(() => fuse(side, projected, alpha, temperature), { parameters });
    // The gate itself, a single number, is a parameter in a model.
    expect(tape.savedBytes / 4 - alpha.size).toBe(elements);
    for (const each of [tape, value, side, projected, alpha]) each.dispose();
  });
});
