import { dispose, reshape, slice, stack, stridedSlice, tensor4d, tidy, zeros, zerosLike } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { expectAsOnCpu, run } from '../test-against-cpu.ts';
import { describeOnBoth } from '../test-lanes.ts';

type Shape4 = [number, number, number, number];

/** Small integers, so that sums are exact in any order. */
function small(shape: Shape4, seed: number) {
  const size = shape.reduce((product, each) => product * each, 1);
  return tensor4d(
    Float32Array.from({ length: size }, (_, i) => ((Math.imul(i + seed, 0x9e3779b1) >>> 16) % 7) - 3),
    shape,
  );
}

describeOnBoth('convolutions and their gradients are to the bit what tfjs computes on the cpu', () => {
  it.each<{ x: Shape4; filter: Shape4; y: Shape4; strides: number | number[]; pad: 'same' | 'valid' | number }>([
    { x: [1, 1, 1, 1], filter: [1, 1, 1, 1], y: [1, 1, 1, 1], strides: 1, pad: 'same' },
    { x: [2, 5, 7, 3], filter: [2, 3, 3, 17], y: [2, 2, 5, 17], strides: [2, 1], pad: 'valid' },
    { x: [2, 9, 8, 4], filter: [3, 3, 4, 8], y: [2, 5, 4, 8], strides: 2, pad: 'same' },
    { x: [1, 8, 9, 4], filter: [1, 1, 4, 6], y: [1, 8, 9, 6], strides: 1, pad: 'same' },
    { x: [1, 8, 9, 4], filter: [1, 1, 4, 6], y: [1, 4, 5, 6], strides: 2, pad: 'same' },
    { x: [2, 7, 7, 2], filter: [3, 3, 2, 2], y: [2, 4, 4, 2], strides: 2, pad: 1 },
    { x: [3, 20, 20, 8], filter: [3, 3, 8, 12], y: [3, 20, 20, 12], strides: 1, pad: 'same' },
    { x: [0, 5, 5, 2], filter: [3, 3, 2, 2], y: [0, 5, 5, 2], strides: 1, pad: 'same' },
  ])('$x * $filter, strides $strides, pad $pad', async ({ x, filter, y, ...window }) => {
    const attrs = { ...window, dataFormat: 'NHWC', dilations: 1 };
    await expectAsOnCpu(() => [
      run('Conv2D', { x: small(x, 1), filter: small(filter, 2) }, attrs),
      run('Conv2DBackpropInput', { dy: small(y, 3), filter: small(filter, 2) }, { ...attrs, inputShape: x }),
      run('Conv2DBackpropFilter', { x: small(x, 1), dy: small(y, 3) }, { ...attrs, filterShape: filter }),
    ]);
  });

  it('with dilated filters, forward', async () => {
    const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: [2, 3] };
    await expectAsOnCpu(() => run('Conv2D', { x: small([2, 9, 10, 3], 1), filter: small([3, 3, 3, 5], 2) }, attrs));
  });

  it('with a bias and an activation behind, also where the sum is made of parts', async () => {
    const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1, activation: 'relu6' };
    for (const channels of [5, 128]) {
      await expectAsOnCpu(() => {
        const [x, filter] = [small([1, 4, 4, channels], 1), small([3, 3, channels, 8], 2)];
        return run('FusedConv2D', { x, filter, bias: reshape(small([1, 1, 1, 8], 3), [8]) }, attrs);
      });
    }
  });

  it('an image without channels gives zeros', async () => {
    await expectAsOnCpu(() => {
      const y = run(
        'Conv2D',
        { x: zeros([1, 2, 2, 0]), filter: zeros([1, 1, 0, 3]) },
        { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1 },
      );
      expect(y.shape).toEqual([1, 2, 2, 3]);
      return y;
    });
  });

  it.each<{ x: Shape4; filter: Shape4; y: Shape4; strides: number; dilations: number | number[] }>([
    { x: [2, 5, 7, 3], filter: [3, 3, 3, 2], y: [2, 5, 7, 6], strides: 1, dilations: 1 },
    { x: [2, 9, 8, 8], filter: [3, 2, 8, 1], y: [2, 5, 4, 8], strides: 2, dilations: 1 },
  ])('depthwise: $x * $filter, strides $strides, dilations $dilations', async ({ x, filter, y, ...window }) => {
    const attrs = { ...window, pad: 'same' };
    await expectAsOnCpu(() => [
      run(
        'DepthwiseConv2dNativeBackpropInput',
        { dy: small(y, 3), filter: small(filter, 2) },
        { ...attrs, inputShape: x },
      ),
      run(
        'DepthwiseConv2dNativeBackpropFilter',
        { x: small(x, 1), dy: small(y, 3) },
        { ...attrs, filterShape: filter },
      ),
    ]);
  });

  it('depthwise with a dilated filter: of one that is written out with zeros, which tfjs leaves out', async () => {
    const [shape, filterShape] = [[2, 9, 8, 4] as Shape4, [3, 3, 4, 1] as Shape4];
    const [dilated, whole] = [
      { strides: 1, dilations: [2, 3], pad: 'same' },
      { strides: 1, dilations: 1, pad: 'same' },
    ];
    const pairs = tidy(() => {
      const [x, dy, filter] = [small(shape, 1), small(shape, 3), small(filterShape, 2)];
      const rowsApart = slice(reshape(stack([filter, zerosLike(filter)], 1), [6, 3, 4, 1]), [0, 0, 0, 0], [5, 3, 4, 1]);
      const spread = reshape(stack([rowsApart, zerosLike(rowsApart), zerosLike(rowsApart)], 2), [5, 9, 4, 1]);
      const apart = slice(spread, [0, 0, 0, 0], [5, 7, 4, 1]);
      const kept = run('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { ...whole, filterShape: apart.shape });
      return [
        run('DepthwiseConv2dNativeBackpropInput', { dy, filter }, { ...dilated, inputShape: shape }),
        run('DepthwiseConv2dNativeBackpropInput', { dy, filter: apart }, { ...whole, inputShape: shape }),
        run('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { ...dilated, filterShape }),
        stridedSlice(kept, [0, 0, 0, 0], [5, 7, 4, 1], [2, 3, 1, 1]),
      ];
    });
    const [dx, dxOfWhole, dfilter, dfilterOfWhole] = await Promise.all(pairs.map((each) => each.data()));
    expect(dx).toEqual(dxOfWhole);
    expect(dfilter).toEqual(dfilterOfWhole);
    dispose(pairs);
  });
});
