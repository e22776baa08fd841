import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { readPng } from './png.ts';

const png = (channels: number, data: readonly number[]) =>
  encode({ width: data.length / channels, height: 1, channels, depth: 8, data: Uint8Array.from(data) });

describe('a PNG file', () => {
  it('keeps its colours; transparency lets white through', () => {
    const { width, height, pixels } = readPng(png(4, [10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 255, 51]));
    expect([width, height]).toEqual([3, 1]);
    expect([...pixels]).toEqual([10, 20, 30, 255, 255, 255, 204, 224, 255]);
  });

  it('may be grey, with transparency or without, or lack transparency', () => {
    expect([...readPng(png(1, [7, 200])).pixels]).toEqual([7, 7, 7, 200, 200, 200]);
    expect([...readPng(png(2, [7, 255, 7, 0])).pixels]).toEqual([7, 7, 7, 255, 255, 255]);
    expect([...readPng(png(3, [1, 2, 3])).pixels]).toEqual([1, 2, 3]);
  });
});
