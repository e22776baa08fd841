import { randomStream } from '@tapgrad/core';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type GroupFormat, packGroups, unpackGroups } from './groups.ts';
import { noiseAt } from './noise.ts';
import { wordsOf } from './pack-bits.ts';

const word = new DataView(new ArrayBuffer(4));

/** The bfloat16 number next to a float, by its bits. */
function brainFloat(value: number, direction: 'down' | 'up'): number {
  if (value === 0) return 0;
  const grows = direction === 'up' ? value > 0 : value < 0;
  if (Math.abs(value) < 2 ** -126) return grows ? Math.sign(value) * 2 ** -126 : 0;
  word.setFloat32(0, value);
  const bits = word.getUint32(0);
  word.setUint32(0, (grows ? bits + 0xffff : bits) & 0xffff0000);
  return word.getFloat32(0);
}

interface Reference {
  readonly codes: readonly number[];
  readonly decoded: readonly number[];
}

/** The same in float32 numbers, one by one. */
function reference(values: readonly number[], { bits, group, scales }: GroupFormat, seed?: number): Reference {
  const f = Math.fround;
  const codes: number[] = [];
  const decoded: number[] = [];
  for (let from = 0; from < values.length; from += group) {
    const inside = values.slice(from, from + group);
    const half = scales === 'bfloat16';
    const least = half ? brainFloat(Math.min(...inside), 'down') : Math.min(...inside);
    const needed = f(f(Math.max(...inside) - least) / (2 ** bits - 1));
    const step = half ? brainFloat(needed, 'up') : needed;
    const inverse = step === 0 ? 0 : f(1 / step);
    for (const [i, x] of inside.entries()) {
      const u = seed === undefined ? 0.5 : noiseAt(seed, from + i);
      const code = Math.min(Math.max(Math.floor(f(f(f(x - least) * inverse) + u)), 0), 2 ** bits - 1);
      codes.push(code);
      decoded.push(f(f(code * step) + least));
    }
  }
  return { codes, decoded };
}

const formats: GroupFormat[] = ([2, 4, 8] as const).flatMap((bits) =>
  (['bfloat16', 'float32'] as const).map((scales) => ({ bits, group: 64, scales })),
);

/** Run on each backend. In float64 a value on the edge of two codes may get the other one. */
export function testGroups({ bitwise }: { bitwise: boolean }): void {
  const compare = (actual: Tensor, expected: readonly number[], step: number) => {
    const values = [...actual.dataSync()];
    if (bitwise) expect(values).toEqual(expected);
    let different = 0;
    for (const [i, value] of values.entries()) {
      const off = Math.abs(value - (expected[i] as number));
      if (off > 1e-5 * Math.max(1, Math.abs(value))) different++;
      expect(off).toBeLessThanOrEqual(1.01 * step + 1e-6);
    }
    expect(different).toBeLessThanOrEqual(2);
  };

  describe.each(formats)('groups of 64 in $bits bits, ranges in $scales', (format) => {
    it.each([1, 7, 8, 33, 64, 65, 100, 200, 1000])(
      'of %i elements are those of the formula, and so is what comes back',
      (size) => {
        tidy(() => {
          const random = randomStream(4, 'groups', size);
          const spread = [1, 1e-3, 30, 1e-30];
          const values = Array.from(random.normal(size), (v, i) => Math.fround(v * (spread[(i >> 6) % 4] as number)));
          const x = tensor(values, [size]);
          for (const seed of [undefined, 12345, -7]) {
            const packed = packGroups(x, format, seed);
            expect([packed.codes.dtype, packed.codes.size]).toEqual(['int32', wordsOf(size, format.bits)]);
            expect(packed.ranges.size).toBe(Math.ceil(size / 64) * (format.scales === 'float32' ? 2 : 1));
            const expected = reference(values, format, seed);
            compare(
              unpackGroups(packed, format, [size]),
              expected.decoded,
              (Math.max(...values) - Math.min(...values)) / (2 ** format.bits - 1),
            );
          }
        });
      },
    );

    it('of one value give it back within what a range of bfloat16 holds', () => {
      tidy(() => {
        for (const value of [0, 0.3, -2.5, 1e-20, -0]) {
          const x = tensor(new Array(70).fill(Math.fround(value)), [7, 10]);
          const back = unpackGroups(packGroups(x, format, 3), format, [7, 10]);
          expect(back.shape).toEqual([7, 10]);
          for (const each of back.dataSync())
            expect(Math.abs(each - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -7);
        }
      });
    });
  });

  it('0, 1.4, 1.6, 3 in 2 bits without noise are codes 0, 1, 2, 3, and come back as these', () => {
    tidy(() => {
      for (const scales of ['bfloat16', 'float32'] as const) {
        const format = { bits: 2, group: 256, scales } as const;
        const packed = packGroups(tensor([0, 1.4, 1.6, 3]), format);
        expect(packed.codes.dataSync()[0]).toBe(0b11100100);
        const back = unpackGroups(packed, format, [4]).dataSync();
        for (const i of [0, 1, 2, 3]) expect(back[i]).toBeCloseTo(i, 6);
      }
    });
  });

  it('stochastic rounding is unbiased', () => {
    tidy(() => {
      const values = Array.from(randomStream(4, 'unbiased').normal(256), Math.fround);
      const x = tensor(values, [256]);
      const format = { bits: 2, group: 256, scales: 'bfloat16' } as const;
      const mean = new Float64Array(256);
      const runs = 400;
      for (let seed = 0; seed < runs; seed++) {
        tidy(() => {
          const back = unpackGroups(packGroups(x, format, seed * 7919), format, [256]).dataSync();
          for (const [i, each] of back.entries()) mean[i] = (mean[i] as number) + each / runs;
        });
      }
      const step = (Math.max(...values) - Math.min(...values)) / 3;
      // A mean of 400 roundings: standard deviation at most step / 2 / 20.
      const off = values.map((value, i) => ((mean[i] as number) - value) / step);
      expect(Math.max(...off.map(Math.abs))).toBeLessThan(0.025 * 4);
      expect(Math.abs(off.reduce((sum, each) => sum + each, 0) / 256)).toBeLessThan(0.005);
    });
  });
}
