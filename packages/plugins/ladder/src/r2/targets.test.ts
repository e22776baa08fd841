import { tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { assign, foreground, pointsOf } from './targets.ts';

describe('points of a pyramid', () => {
  it('lie every stride, on levels for (0, 2), (2, 4), (4, 8) and more clips', () => {
    const { time, stride, least, most } = pointsOf(5, [1, 2, 4, 8]);
    expect(time).toEqual([0, 1, 2, 3, 4, 0, 2, 4, 0, 4, 0]);
    expect(stride).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 4, 4, 8]);
    expect([...new Set(least)]).toEqual([0, 2, 4, 8]);
    expect([...new Set(most)]).toEqual([2, 4, 8, 1e9]);
  });

  it('answer for a moment that is near, fits their level, and is the shortest', () => {
    tidy(() => {
      const spans = tensor([1, 3, 0, 8, 0, 0], [1, 3, 2]);
      const { positive, offsets } = assign(spans, pointsOf(8, [1, 2, 4]), 1.5);
      // Level 1: points 1, 2, 3 lie in [1, 3]. Level 2: of [0, 8] none has a longer side of 2 to 4 but its middle, 4. Level 4: 0, 4 and
      // the centre's reach is 6: both, of sides 8 and 4.
      expect(Array.from(positive.dataSync())).toEqual([0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1]);
      const at = (point: number) => Array.from(offsets.dataSync()).slice(2 * point, 2 * point + 2);
      expect(at(2)).toEqual([1, 1]);
      expect(at(10)).toEqual([2, 2]);
      expect(at(13)).toEqual([1, 1]);
    });
  });
});

it('foreground are clips whose middle lies in a moment; an empty one holds none', () => {
  tidy(() => {
    const spans = tensor([1, 3, 0, 0, 4, 4.6, 0, 0], [2, 2, 2]);
    expect(foreground(spans, 5).arraySync()).toEqual([
      [0, 1, 1, 0, 0],
      [0, 0, 0, 0, 1],
    ]);
  });
});
