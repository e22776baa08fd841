import { expectClose, indices, runKernel, sample, sizeOf } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';
import { heapBytes } from '../test-heap.ts';

beforeAll(() => useWasm());

interface Case {
  readonly x: number[];
  readonly filter: number[];
  readonly strides: number | number[];
  readonly pad: 'same' | 'valid' | number;
}

type Visit = (x: number, filter: number, y: number) => void;

/** Calls `visit` with the flat indices of every product that a 3-D convolution (2-D: depth 1) sums. */
function products(info: tf.backend_util.Conv3DInfo, visit: Visit): void {
  const { padInfo, inChannels, outChannels } = info;
  const outs = indices(info.batchSize, info.outDepth, info.outHeight, info.outWidth);
  for (const [b, oz, oy, ox] of outs as Iterable<[number, number, number, number]>) {
    const to = (((b * info.outDepth + oz) * info.outHeight + oy) * info.outWidth + ox) * outChannels;
    const taps = indices(info.filterDepth, info.filterHeight, info.filterWidth);
    for (const [kz, ky, kx] of taps as Iterable<[number, number, number]>) {
      const z = oz * info.strideDepth - padInfo.front + kz;
      const y = oy * info.strideHeight - padInfo.top + ky;
      const x = ox * info.strideWidth - padInfo.left + kx;
      if (z < 0 || z >= info.inDepth || y < 0 || y >= info.inHeight || x < 0 || x >= info.inWidth) continue;
      const from = (((b * info.inDepth + z) * info.inHeight + y) * info.inWidth + x) * inChannels;
      const tap = ((kz * info.filterHeight + ky) * info.filterWidth + kx) * inChannels * outChannels;
      for (let c = 0; c < inChannels; c++) {
        for (let o = 0; o < outChannels; o++) visit(from + c, tap + c * outChannels + o, to + o);
      }
    }
  }
}

function infoOf({ x, filter, strides, pad }: Case): tf.backend_util.Conv3DInfo {
  if (x.length === 5)
    return tf.backend_util.computeConv3DInfo(x as never, filter as never, strides as never, 1, pad as 'same');
  const flat = tf.backend_util.computeConv2DInfo(x as never, filter as never, strides as never, 1, pad);
  const one = { inDepth: 1, outDepth: 1, filterDepth: 1, strideDepth: 1, padInfo: { ...flat.padInfo, front: 0 } };
  return { ...flat, ...one } as unknown as tf.backend_util.Conv3DInfo;
}

const flat: Case[] = [
  { x: [1, 1, 1, 1], filter: [1, 1, 1, 1], strides: 1, pad: 'same' },
  { x: [2, 5, 7, 3], filter: [3, 3, 3, 5], strides: 1, pad: 'same' },
  { x: [2, 5, 7, 3], filter: [2, 3, 3, 17], strides: [2, 1], pad: 'valid' },
  { x: [1, 8, 9, 4], filter: [1, 1, 4, 6], strides: 1, pad: 'same' },
  { x: [1, 8, 9, 4], filter: [1, 1, 4, 6], strides: 2, pad: 'same' },
  { x: [2, 7, 7, 2], filter: [3, 3, 2, 2], strides: 2, pad: 1 },
  { x: [2, 17, 33, 17], filter: [3, 3, 17, 5], strides: 1, pad: 'same' },
  { x: [2, 40, 40, 80], filter: [3, 3, 80, 2], strides: 1, pad: 'same' },
  { x: [0, 5, 5, 2], filter: [3, 3, 2, 2], strides: 1, pad: 'same' },
];
const deep: Case[] = [
  { x: [2, 3, 4, 5, 3], filter: [2, 2, 3, 3, 4], strides: 1, pad: 'same' },
  { x: [1, 4, 5, 5, 2], filter: [2, 3, 3, 2, 3], strides: [1, 2, 2], pad: 'valid' },
];

describe('convolutions', () => {
  it.each([...flat, ...deep])('gradients of $x * $filter, strides $strides, pad $pad, equal float64', (geometry) => {
    const info = infoOf(geometry);
    const is3d = geometry.x.length === 5;
    const outShape =
      tf.util.sizeFromShape(info.outShape) === 0
        ? [...geometry.x.slice(0, -1), geometry.filter.at(-1)!]
        : info.outShape;
    const [x, filter] = [sample(geometry.x, 'x'), sample(geometry.filter, 'filter')];
    const dy = sample([...outShape], 'dy');
    const expected = {
      y: new Float64Array(sizeOf(outShape)),
      dx: new Float64Array(x.values.length),
      dfilter: new Float64Array(filter.values.length),
    };
    products(info, (i, f, o) => {
      expected.y[o]! += x.values[i]! * filter.values[f]!;
      expected.dx[i]! += filter.values[f]! * dy.values[o]!;
      expected.dfilter[f]! += x.values[i]! * dy.values[o]!;
    });
    const attrs = { strides: geometry.strides, pad: geometry.pad, dataFormat: is3d ? 'NDHWC' : 'NHWC' };
    const suffix = is3d ? 'V2' : '';
    const name = is3d ? 'Conv3D' : 'Conv2D';
    const inputShape = geometry.x;
    const [dx] = runKernel(
      `${name}BackpropInput${suffix}`,
      { dy: dy.tensor, filter: filter.tensor },
      { ...attrs, inputShape },
    );
    const filterShape = geometry.filter;
    const [dfilter] = runKernel(
      `${name}BackpropFilter${suffix}`,
      { x: x.tensor, dy: dy.tensor },
      { ...attrs, filterShape },
    );
    const terms = sizeOf(geometry.filter) / geometry.filter.at(-2)!;
    expectClose(dx!, expected.dx, 1e-5, Math.sqrt(terms));
    expectClose(dfilter!, expected.dfilter, 1e-5, Math.sqrt(dy.values.length / filterShape.at(-1)! + 1));
    const [y] = runKernel(name, { x: x.tensor, filter: filter.tensor }, { ...attrs, dilations: 1 });
    expectClose(y!, expected.y, 1e-5, Math.sqrt(terms));
    y!.dispose();
    tf.dispose([x.tensor, filter.tensor, dy.tensor, dx!, dfilter!]);
  });

  it('filter gradients of channels-first data equal those of channels-last data', () => {
    const [x, dy] = [sample([2, 5, 6, 3], 'x'), sample([2, 5, 6, 4], 'dy')];
    const attrs = { strides: 1, pad: 'same', filterShape: [3, 3, 3, 4] };
    const [last] = runKernel('Conv2DBackpropFilter', { x: x.tensor, dy: dy.tensor }, { ...attrs, dataFormat: 'NHWC' });
    const first = [x, dy].map(({ tensor }) => tf.transpose(tensor, [0, 3, 1, 2]));
    const [made] = runKernel('Conv2DBackpropFilter', { x: first[0]!, dy: first[1]! }, { ...attrs, dataFormat: 'NCHW' });
    expect(made!.dataSync()).toEqual(last!.dataSync());
    tf.dispose([x.tensor, dy.tensor, last!, made!, first]);
  });

  it('a thousand gradients leave no tensor and do not grow the heap', () => {
    const [x, dy] = [sample([1, 6, 6, 3], 'x'), sample([1, 6, 6, 4], 'dy')];
    const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC', filterShape: [3, 3, 3, 4] };
    const step = (): void => tf.dispose(runKernel('Conv2DBackpropFilter', { x: x.tensor, dy: dy.tensor }, attrs));
    step();
    const before = [tf.memory().numTensors, heapBytes()];
    for (let i = 0; i < 1000; i++) step();
    expect([tf.memory().numTensors, heapBytes()]).toEqual(before);
    tf.dispose([x.tensor, dy.tensor]);
  });
});

describe('depthwise convolutions', () => {
  it.each([
    { x: [1, 3, 3, 1], filter: [1, 1, 1, 1], strides: 1, pad: 'same', dilations: 1 },
    { x: [2, 5, 7, 17], filter: [3, 3, 17, 1], strides: 1, pad: 'same', dilations: 1 },
    { x: [2, 8, 7, 5], filter: [3, 2, 5, 3], strides: 2, pad: 'valid', dilations: 1 },
    { x: [1, 9, 9, 4], filter: [3, 3, 4, 1], strides: 1, pad: 'same', dilations: 2 },
  ] as const)(
    'gradients of $x * $filter, strides $strides, pad $pad, dilations $dilations, equal float64',
    ({ x: shape, filter: filterShape, strides, pad, dilations }) => {
      const info = tf.backend_util.computeConv2DInfo(
        shape as never,
        filterShape as never,
        strides,
        dilations,
        pad,
        undefined,
        true,
      );
      const [x, filter, dy] = [
        sample([...shape], 'x'),
        sample([...filterShape], 'filter'),
        sample(info.outShape, 'dy'),
      ];
      const [dx, dfilter] = [new Float64Array(x.values.length), new Float64Array(filter.values.length)];
      const multiplier = filterShape[3];
      const places = indices(info.batchSize, info.outHeight, info.outWidth, info.filterHeight, info.filterWidth);
      for (const [b, oy, ox, ky, kx] of places as Iterable<[number, number, number, number, number]>) {
        const row = oy * info.strideHeight - info.padInfo.top + ky * info.dilationHeight;
        const column = ox * info.strideWidth - info.padInfo.left + kx * info.dilationWidth;
        if (row < 0 || row >= info.inHeight || column < 0 || column >= info.inWidth) continue;
        for (const [c, m] of indices(info.inChannels, multiplier) as Iterable<[number, number]>) {
          const i = ((b * info.inHeight + row) * info.inWidth + column) * info.inChannels + c;
          const f = ((ky * info.filterWidth + kx) * info.inChannels + c) * multiplier + m;
          const o = (((b * info.outHeight + oy) * info.outWidth + ox) * info.inChannels + c) * multiplier + m;
          dx[i]! += filter.values[f]! * dy.values[o]!;
          dfilter[f]! += x.values[i]! * dy.values[o]!;
        }
      }
      const attrs = { strides, pad, dilations, inputShape: shape, filterShape };
      const [madeX] = runKernel('DepthwiseConv2dNativeBackpropInput', { dy: dy.tensor, filter: filter.tensor }, attrs);
      const [madeFilter] = runKernel('DepthwiseConv2dNativeBackpropFilter', { x: x.tensor, dy: dy.tensor }, attrs);
      expectClose(madeX!, dx, 1e-5, 3);
      expectClose(madeFilter!, dfilter, 1e-5, Math.sqrt(dy.values.length / filterShape[2]));
      tf.dispose([x.tensor, filter.tensor, dy.tensor, madeX!, madeFilter!]);
    },
  );
});
