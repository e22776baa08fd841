import {
  diag,
  gather,
  gatherND,
  mul,
  scatterND,
  sparse,
  sparseToDense,
  type Tensor,
  type Tensor1D,
  tensorScatterUpdate,
  topk,
  unsortedSegmentSum,
} from '@tensorflow/tfjs-core';
import { type InputSpec, type OpSpec, opSpec } from '../op-spec.ts';

const indices = (shape: readonly number[], values: readonly number[]): InputSpec => ({ shape, values, dtype: 'int32' });

const rows = opSpec<{ readonly axis?: number; readonly batchDims?: number }>({
  kernel: 'GatherV2',
  run: ([x, at], { axis, batchDims }) => gather(x as Tensor, at as Tensor, axis, batchDims),
  samples: [
    { inputs: [{ shape: [4, 3] }, indices([5], [3, 0, 3, 1, 3])], attrs: {} },
    { inputs: [{ shape: [4] }, indices([], [2])], attrs: {} },
    { inputs: [{ shape: [4, 3] }, indices([2, 2], [3, 0, 3, 1])], attrs: { axis: 0 } },
    { inputs: [{ shape: [2, 3, 4] }, indices([2, 2], [2, 0, 2, 2])], attrs: { axis: 1 } },
    { inputs: [{ shape: [2, 3, 4] }, indices([3], [3, 0, 3])], attrs: { axis: -1 } },
    { inputs: [{ shape: [2, 3, 4] }, indices([2, 2], [2, 0, 1, 1])], attrs: { axis: 1, batchDims: 1 } },
  ],
  fuzz(random) {
    const shape = random.shape(random.integer(1, 4));
    const axis = random.integer(0, shape.length - 1);
    const extent = shape[axis] as number;
    const batchDims = random.integer(0, axis);
    const picked = [...shape.slice(0, batchDims), ...random.shape(random.integer(0, 2))];
    return {
      inputs: [{ shape }, { shape: picked, dtype: 'int32', range: [0, extent] }],
      attrs: { axis, batchDims },
    };
  },
  secondOrder: 'zero',
});

const points = opSpec({
  kernel: 'GatherNd',
  run: ([params, at]) => gatherND(params as Tensor, at as Tensor),
  samples: [
    { inputs: [{ shape: [3, 4] }, indices([4, 2], [0, 1, 2, 3, 0, 1, 1, 0])] },
    { inputs: [{ shape: [3, 4] }, indices([2, 1], [2, 2])] },
    { inputs: [{ shape: [2, 3, 2] }, indices([2, 2, 2], [0, 1, 1, 2, 0, 1, 0, 0])] },
  ],
  secondOrder: 'zero',
});

const scattered = opSpec<{ readonly shape: number[] }>({
  kernel: 'ScatterNd',
  run: ([at, updates], { shape }) => scatterND(at as Tensor, updates as Tensor, shape),
  samples: [
    { inputs: [indices([3, 1], [2, 0, 2]), { shape: [3] }], attrs: { shape: [4] } },
    { inputs: [indices([2, 1], [1, 1]), { shape: [2, 3] }], attrs: { shape: [3, 3] } },
    { inputs: [indices([3, 2], [0, 1, 1, 0, 0, 1]), { shape: [3, 2] }], attrs: { shape: [2, 2, 2] } },
  ],
  secondOrder: 'zero',
  errors: [{ inputs: [indices([1, 1], [0]), { shape: [2] }], attrs: { shape: [3] }, message: /updates/ }],
});

const updated = opSpec({
  kernel: 'TensorScatterUpdate',
  // The cpu backend writes the updates into its input: it gets a copy.
  run: ([x, at, updates]) => tensorScatterUpdate(mul(x as Tensor, 1), at as Tensor, updates as Tensor),
  samples: [
    { inputs: [{ shape: [4] }, indices([2, 1], [2, 0]), { shape: [2] }] },
    { inputs: [{ shape: [3, 2] }, indices([2, 1], [2, 0]), { shape: [2, 2] }] },
    { inputs: [{ shape: [2, 2, 2] }, indices([2, 2], [1, 0, 0, 1]), { shape: [2, 2] }] },
  ],
  secondOrder: 'zero',
});

const dense = opSpec<{ readonly shape: number[] }>({
  kernel: 'SparseToDense',
  run: ([at, values, otherwise], { shape }) =>
    sparseToDense(at as Tensor, values as Tensor, shape, otherwise as Tensor as never),
  samples: [
    { inputs: [indices([3], [4, 0, 2]), { shape: [3] }, { shape: [] }], attrs: { shape: [5] } },
    { inputs: [indices([3], [4, 0, 2]), { shape: [] }, { shape: [] }], attrs: { shape: [5] } },
    { inputs: [indices([2, 2], [0, 1, 2, 0]), { shape: [2] }, { shape: [] }], attrs: { shape: [3, 2] } },
  ],
  secondOrder: 'zero',
});

const segments = opSpec<{ readonly numSegments: number }>({
  kernel: 'UnsortedSegmentSum',
  run: ([x, ids], { numSegments }) => unsortedSegmentSum(x as Tensor, ids as Tensor1D, numSegments),
  samples: [
    { inputs: [{ shape: [4] }, indices([4], [1, 0, 1, 2])], attrs: { numSegments: 3 } },
    { inputs: [{ shape: [4, 2] }, indices([4], [1, -1, 1, 5])], attrs: { numSegments: 3 } },
    { inputs: [{ shape: [2, 2, 3] }, indices([2], [0, 0])], attrs: { numSegments: 1 } },
  ],
  secondOrder: 'zero',
});

const largest = opSpec<{ readonly k: number; readonly sorted?: boolean }>({
  kernel: 'TopK',
  run: ([x], { k, sorted }) => topk(x as Tensor, k, sorted).values,
  samples: [
    { inputs: [{ shape: [5], distinct: true }], attrs: { k: 2 } },
    { inputs: [{ shape: [2, 2, 4], distinct: true }], attrs: { k: 3 } },
    { inputs: [{ shape: [3, 4], distinct: true }], attrs: { k: 4, sorted: true } },
  ],
  secondOrder: 'zero',
});

const [sparseSum, sparseMean] = [sparse.sparseSegmentSum, sparse.sparseSegmentMean].map((op, averaged) =>
  opSpec({
    kernel: averaged ? 'SparseSegmentMean' : 'SparseSegmentSum',
    run: ([data, at, ids]) => op(data as Tensor, at as Tensor1D, ids as Tensor1D),
    samples: [
      { inputs: [{ shape: [4, 3] }, indices([4], [3, 0, 3, 1]), indices([4], [0, 0, 1, 1])] },
      { name: 'an empty segment', inputs: [{ shape: [4] }, indices([3], [2, 2, 0]), indices([3], [0, 0, 2])] },
    ],
    secondOrder: 'zero',
  }),
) as [OpSpec, OpSpec];

const diagonal = opSpec({
  kernel: 'Diag',
  run: ([x]) => diag(x as Tensor),
  samples: [{ inputs: [{ shape: [3] }] }, { inputs: [{ shape: [2, 2] }] }],
  secondOrder: 'zero',
});

export const gatherSpecs: readonly OpSpec[] = [
  rows,
  points,
  scattered,
  updated,
  dense,
  segments,
  sparseSum,
  sparseMean,
  diagonal,
  largest,
];
