import { encode as encodePng } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode-image.ts';
import { resize } from './resize.ts';

const grey = (width: number, height: number, values: readonly number[]) => ({
  width,
  height,
  pixels: Uint8Array.from(values.flatMap((value) => [value, value, value])),
});
const firstChannel = (pixels: Uint8Array) => [...pixels].filter((_, index) => index % 3 === 0);

describe('resizing', () => {
  it('leaves an image of that size as it is', () => {
    const image = grey(3, 2, [1, 2, 3, 4, 5, 6]);
    expect(resize(image, 2, 3)).toEqual(image.pixels);
  });

  it('enlarges bilinearly between the centres of pixels', () => {
    expect(firstChannel(resize(grey(2, 1, [0, 100]), 1, 4))).toEqual([0, 25, 75, 100]);
    expect(firstChannel(resize(grey(1, 2, [0, 100]), 4, 1))).toEqual([0, 25, 75, 100]);
  });

  it('takes every pixel into account where it shrinks', () => {
    // Weights 3, 3 and 1 of 7: beyond the edge there is nothing.
    expect(firstChannel(resize(grey(4, 1, [0, 0, 80, 80]), 1, 2))).toEqual([11, 69]);
    const dot = Array.from({ length: 64 }, (_, index) => (index === 27 ? 255 : 0));
    expect(Math.max(...resize(grey(8, 8, dot), 2, 2))).toBeGreaterThan(0);
  });

  it('keeps channels apart', () => {
    const image = { width: 1, height: 1, pixels: Uint8Array.of(10, 20, 30) };
    expect([...resize(image, 1, 2)]).toEqual([10, 20, 30, 10, 20, 30]);
  });
});

describe('decoding', () => {
  const decoded = (image: Parameters<typeof encodePng>[0]) => [...decodeImage(encodePng(image), 'x.png').pixels];

  it('reads PNGs of one to four channels and 8 or 16 bits', () => {
    const size = { width: 1, height: 1 } as const;
    expect(decoded({ ...size, channels: 1, depth: 8, data: Uint8Array.of(7) })).toEqual([7, 7, 7]);
    expect(decoded({ ...size, channels: 3, depth: 8, data: Uint8Array.of(7, 8, 9) })).toEqual([7, 8, 9]);
    expect(decoded({ ...size, channels: 1, depth: 16, data: Uint16Array.of(65535) })).toEqual([255, 255, 255]);
    expect(decoded({ ...size, channels: 2, depth: 8, data: Uint8Array.of(0, 0) })).toEqual([255, 255, 255]);
    expect(decoded({ ...size, channels: 4, depth: 8, data: Uint8Array.of(0, 100, 200, 255) })).toEqual([0, 100, 200]);
    expect(decoded({ ...size, channels: 4, depth: 8, data: Uint8Array.of(0, 0, 0, 51) })).toEqual([204, 204, 204]);
  });

  it('reads packed grey values and palettes', () => {
    const packed = Uint8Array.of(0b10000000, 0b01000000, 0b00000000, 0b10000000);
    const pixels = decoded({ width: 10, height: 2, channels: 1, depth: 1, data: packed });
    expect(pixels.flatMap((value, index) => (value ? [index / 3] : [])).filter(Number.isInteger)).toEqual([0, 9, 18]);
    const palette = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(decoded({ width: 2, height: 1, channels: 1, depth: 8, data: Uint8Array.of(1, 0), palette })).toEqual([
      4, 5, 6, 1, 2, 3,
    ]);
  });
});
