import {
  backend_util,
  GatherNd,
  GatherV2,
  gather_util,
  ScatterNd,
  SearchSorted,
  SparseReshape,
  SparseSegmentMean,
  SparseSegmentSum,
  SparseToDense,
  type TensorInfo,
  TensorScatterUpdate,
  UnsortedSegmentSum,
  util,
} from '@tensorflow/tfjs-core';
import { axisOf, kernel, like } from '../register.ts';

interface SparseSegments {
  readonly data: TensorInfo;
  readonly indices: TensorInfo;
  readonly segmentIds: TensorInfo;
}

export function registerGathers(): void {
  kernel<{ x: TensorInfo; indices: TensorInfo }, { axis: number; batchDims?: number }>(
    GatherV2,
    ({ inputs: { x, indices }, attrs: { axis, batchDims = 0 }, made }) => {
      const { collectGatherOpShapeInfo } = backend_util.segment_util;
      const info = collectGatherOpShapeInfo(x as never, indices as never, axisOf(axis, x.shape), batchDims);
      return made(info.outputShape, x.dtype);
    },
  );
  kernel<{ params: TensorInfo; indices: TensorInfo }>(GatherNd, ({ inputs: { params, indices }, made }) =>
    made(gather_util.prepareAndValidate(params as never, indices as never)[0], params.dtype),
  );
  kernel<{ updates: TensorInfo }, { shape: number[] }>(ScatterNd, ({ inputs: { updates }, attrs, made }) =>
    made(attrs.shape, updates.dtype),
  );
  like('tensor', [TensorScatterUpdate]);
  like('values', [SearchSorted], 'int32');
  kernel<{ x: TensorInfo }, { numSegments: number }>(UnsortedSegmentSum, ({ inputs: { x }, attrs, made }) =>
    made([attrs.numSegments, ...x.shape.slice(1)], x.dtype),
  );
  registerSparse();
}

function registerSparse(): void {
  kernel<{ defaultValue: TensorInfo }, { outputShape: number[] }>(SparseToDense, ({ inputs, attrs, made }) =>
    made(attrs.outputShape, inputs.defaultValue.dtype),
  );
  for (const name of [SparseSegmentMean, SparseSegmentSum]) {
    kernel<SparseSegments>(name, ({ inputs: { data, indices, segmentIds }, made, integers }) => {
      const count = indices.shape[0] as number;
      const rows = count > 0 ? (integers(segmentIds)[count - 1] as number) + 1 : 0;
      return made([rows, ...data.shape.slice(1)], data.dtype);
    });
  }
  kernel<{ inputIndices: TensorInfo; newShape: TensorInfo }>(SparseReshape, ({ inputs, made }) => {
    const { inputIndices, newShape } = inputs;
    const rank = util.sizeFromShape(newShape.shape);
    return [made([inputIndices.shape[0] as number, rank], inputIndices.dtype), made([rank], newShape.dtype)];
  });
}
