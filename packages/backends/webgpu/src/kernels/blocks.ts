// Kernels made of others that move elements, for any rank and bit for bit: tfjs's take four axes at most, and integers for floats.
import {
  BatchToSpaceND,
  backend_util,
  Diag,
  MirrorPad,
  SpaceToBatchND,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { filled } from '../filled.ts';
import { callKernel, type KernelCall, kernel } from '../register.ts';
import { isCopyable, stridedCopy } from '../strided-copy.ts';
import type { TrainingBackend } from '../training-backend.ts';

type OneInput = { readonly x: TensorInfo };
type Pairs = readonly (readonly [number, number])[];

function spaceToBatch({
  inputs: { x },
  attrs: { blockShape, paddings },
  gpu,
}: KernelCall<OneInput, { blockShape: number[]; paddings: Pairs }>): TensorInfo {
  const product = util.sizeFromShape(blockShape);
  const all = x.shape.map((_, axis) => paddings[axis - 1] ?? [0, 0]);
  const padded = callKernel(gpu, 'PadV2', { x }, { paddings: all as [number, number][], constantValue: 0 });
  const apart = backend_util.getReshaped(padded.shape, blockShape, product, false);
  const perm = backend_util.getPermuted(apart.length, blockShape.length, false);
  const moved = callKernel(gpu, 'Transpose', { x: { ...padded, shape: apart } }, { perm });
  gpu.disposeData(padded.dataId);
  return { ...moved, shape: backend_util.getReshapedPermuted(padded.shape, blockShape, product, false) };
}

function batchToSpace({
  inputs: { x },
  attrs: { blockShape, crops },
  gpu,
}: KernelCall<OneInput, { blockShape: number[]; crops: number[][] }>): TensorInfo {
  const product = util.sizeFromShape(blockShape);
  const apart = backend_util.getReshaped(x.shape, blockShape, product);
  const perm = backend_util.getPermuted(apart.length, blockShape.length);
  const whole = backend_util.getReshapedPermuted(x.shape, blockShape, product);
  const moved = callKernel(gpu, 'Transpose', { x: { ...x, shape: apart } }, { perm });
  const begin = backend_util.getSliceBeginCoords(crops, blockShape.length);
  const size = backend_util.getSliceSize(whole, crops, blockShape.length);
  const cropped = callKernel(gpu, 'Slice', { x: { ...moved, shape: whole } }, { begin, size });
  gpu.disposeData(moved.dataId);
  return cropped;
}

/** Axis by axis, by the places that elements come from. */
function mirrorPad({
  inputs: { x },
  attrs: { paddings, mode },
  gpu,
}: KernelCall<OneInput, { paddings: Pairs; mode: 'reflect' | 'symmetric' }>): TensorInfo {
  const edge = mode === 'reflect' ? 0 : 1;
  let padded = callKernel(gpu, 'Identity', { x });
  for (const [axis, [before, after]] of paddings.entries()) {
    if (before + after === 0) continue;
    const extent = x.shape[axis]!;
    const places = Int32Array.from({ length: before + extent + after }, (_, i) => {
      const at = i - before;
      if (at < 0) return -at - edge;
      return at < extent ? at : 2 * (extent - 1) - at + edge;
    });
    padded = along(gpu, padded, places, axis);
  }
  return padded;
}

/** Slices of x, which is freed, in the order of `places`. */
function along(gpu: TrainingBackend, x: TensorInfo, places: Int32Array, axis: number): TensorInfo {
  const indices = gpu.makeTensorInfo([places.length], 'int32', places);
  const y = callKernel(gpu, 'GatherV2', { x, indices }, { axis });
  for (const each of [x, indices]) gpu.disposeData(each.dataId);
  return y;
}

export function registerBlocks(): void {
  const copying =
    <Attrs>(run: (call: KernelCall<OneInput, Attrs>) => TensorInfo) =>
    (call: KernelCall<OneInput, Attrs>) =>
      isCopyable(call.inputs.x) ? run(call) : call.stock();
  kernel(SpaceToBatchND, copying(spaceToBatch));
  kernel(BatchToSpaceND, copying(batchToSpace));
  kernel(MirrorPad, copying(mirrorPad));
  kernel<OneInput>(
    Diag,
    copying(({ inputs: { x }, gpu }) => {
      const y = filled(gpu, [...x.shape, ...x.shape], x.dtype, 0);
      const size = util.sizeFromShape(x.shape);
      stridedCopy(gpu, x, y, [{ size, strides: [1, size + 1] }]);
      return y;
    }),
  );
}
