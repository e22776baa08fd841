import { randomStream } from '@tapgrad/core';
import { runKernel } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';
import { heapBytes } from '../test-heap.ts';

beforeAll(() => useWasm());

const sizes = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 100, 1000];

/** The words that hold these codes, bit by bit. */
function packedBitByBit(codes: readonly number[], bits: number): number[] {
  const words = new Int32Array(Math.ceil((codes.length * bits) / 32));
  for (const [k, code] of codes.entries()) {
    for (let bit = 0; bit < bits; bit++) {
      const at = k * bits + bit;
      if ((code >> bit) & 1) words[at >> 5]! |= 1 << (at & 31);
    }
  }
  return [...words];
}

/** Buffers full of ones before and after what a kernel writes would show a byte too many. */
function besideFullBuffers<T>(f: () => T): T {
  const before = tf.fill([64], -1, 'int32');
  const made = f();
  const after = tf.fill([64], -1, 'int32');
  for (const each of [before, after]) expect([...each.dataSync()].every((word) => word === -1)).toBe(true);
  return made;
}

describe.each([1, 2, 3, 4, 5, 6, 7, 8])('codes of %i bits', (bits) => {
  it.each(sizes)('%i of them are packed bit by bit, and come back', (size) => {
    tf.tidy(() => {
      const random = randomStream(3, 'codes', bits, size);
      const codes = Array.from({ length: size }, () => random.integer(2 ** bits));
      const given = tf.tensor1d(codes, 'int32');
      const [words] = besideFullBuffers(() => runKernel('tapgrad.PackBits', { codes: given }, { bits }));
      expect([...words!.dataSync()]).toEqual(packedBitByBit(codes, bits));
      const [back] = besideFullBuffers(() => runKernel('tapgrad.UnpackBits', { words: words! }, { bits, size }));
      expect([...back!.dataSync()]).toEqual(codes);
      if (bits > 1) return;
      const truth = tf.tensor1d(codes, 'bool');
      expect([...runKernel('tapgrad.PackBits', { codes: truth }, { bits })[0]!.dataSync()]).toEqual([
        ...words!.dataSync(),
      ]);
    });
  });
});

describe.each([1, 2, 3, 4])('derivative codes of %i bits', (bits) => {
  const count = 2 ** bits - 1;
  const borders = Array.from({ length: count }, (_, i) => Math.fround((i - count / 2) * 0.3));
  const levels = Array.from({ length: count + 1 }, (_, i) => Math.fround(Math.sin(i + 1) * 1e3 ** Math.sin(i)));

  it.each(sizes)('of %i values count the borders passed, and give back levels, times a gradient', (size) => {
    tf.tidy(() => {
      const random = randomStream(3, 'values', bits, size);
      const values = [...random.normal(size)].map((value, i) => (i % 5 === 0 ? borders[i % count]! : value));
      const [x, dy] = [tf.tensor1d(values), tf.tensor1d(random.normal(size))];
      for (const inclusive of [borders.map(() => false), borders.map((_, i) => i % 2 === 0)]) {
        const passed = values.map(
          (v) => borders.filter((border, i) => (inclusive[i] ? v >= border : v > border)).length,
        );
        const [words] = besideFullBuffers(() =>
          runKernel('tapgrad.PackDerivative', { x }, { borders, inclusive, bits }),
        );
        expect([...words!.dataSync()]).toEqual(packedBitByBit(passed, bits));
        const attrs = { levels, bits, shape: [size] };
        const [decoded] = besideFullBuffers(() => runKernel('tapgrad.UnpackDerivative', { codes: words! }, attrs));
        expect([...decoded!.dataSync()]).toEqual(passed.map((code) => levels[code]));
        const [product] = besideFullBuffers(() => runKernel('tapgrad.UnpackDerivative', { codes: words!, dy }, attrs));
        expect([...product!.dataSync()]).toEqual([...tf.mul(decoded!, dy).dataSync()]);
      }
    });
  });
});

describe('a band of 1 bit', () => {
  it('is 1 between its borders, at them as they say', () => {
    tf.tidy(() => {
      const values = [-1, -0, 0, 1e-30, 3, Math.fround(5.9999995), 6, 7, Number.NaN];
      const x = tf.tensor1d(values);
      const open = runKernel(
        'tapgrad.PackDerivative',
        { x },
        { borders: [0, 6], inclusive: [false, true], bits: 1 },
      )[0]!;
      const closed = runKernel(
        'tapgrad.PackDerivative',
        { x },
        { borders: [0, 6], inclusive: [true, false], bits: 1 },
      )[0]!;
      expect(open.dataSync()[0]).toBe(0b000111000);
      expect(closed.dataSync()[0]).toBe(0b001111110);
    });
  });
});

describe('scratch', () => {
  it('of codes is given back', () => {
    const x = tf.zeros([1000]);
    const run = () => {
      for (const each of runKernel('tapgrad.PackDerivative', { x }, { borders: [0], inclusive: [false], bits: 1 }))
        each.dispose();
    };
    run();
    const before = heapBytes();
    for (let i = 0; i < 1000; i++) run();
    expect(heapBytes()).toBe(before);
    x.dispose();
  });
});
