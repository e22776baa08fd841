import { scalar, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { shareOfNext, takesIn, towards } from './math.ts';

const value = (of: Tensor) => of.dataSync()[0] as number;

describe('the mean on the way', () => {
  it('is that of the start and of every point taken in, the first update’s among them', () => {
    tidy(() => {
      let [average, points]: [Tensor, number] = [scalar(0), 1];
      const seen: number[] = [];
      for (let update = 0; update < 5; update++) {
        if (!takesIn(update, 2)) continue;
        average = towards(average, scalar(update + 1), shareOfNext(points++));
        seen.push(value(average));
      }
      for (const [i, expected] of [0.5, 4 / 3, 2.25].entries()) expect(seen[i]).toBeCloseTo(expected, 12);
      expect(seen).toHaveLength(3);
    });
  });

  it('takes in 10 of 1000 updates 100 apart, and the one more that the released loop makes', () => {
    const taken = (updates: number) => Array.from({ length: updates }, (_, i) => i).filter((i) => takesIn(i, 100));
    expect([taken(1000).length, taken(1001).length]).toEqual([10, 11]);
  });

  it('leaves what does not change as it is, bit for bit', () => {
    tidy(() => {
      const same = tensor([0.1, 1 / 3, 1e-30, -7.7]);
      for (const share of [0.001, 1 / 3, 0.999]) {
        expect(towards(same, same, share).dataSync()).toEqual(same.dataSync());
      }
    });
  });
});
