import {
  backend_util,
  Equal,
  Greater,
  GreaterEqual,
  Less,
  LessEqual,
  LogicalAnd,
  LogicalOr,
  NotEqual,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { type KernelRun, kernel } from '../register.ts';
import { withBroadcast } from './elementwise.ts';

type Binary = { a: TensorInfo; b: TensorInfo };

/** Numbers that assembly/compare.ts knows comparisons by. */
const [EQUAL, NOT_EQUAL, LESS, LESS_EQUAL] = [0, 1, 2, 3];

const comparison =
  (kind: number, swapped = false): KernelRun<Binary> =>
  ({ inputs, heap, stock }) => {
    const [a, b] = swapped ? [inputs.b, inputs.a] : [inputs.a, inputs.b];
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const spread = (x: TensorInfo, use: (x: TensorInfo) => TensorInfo | TensorInfo[]): TensorInfo | TensorInfo[] =>
      util.sizeFromShape(x.shape) === 1 ? use(x) : withBroadcast(heap, x, shape, use);
    if (a.dtype !== 'float32' || b.dtype !== 'float32') {
      if (a.dtype === 'bool' || b.dtype === 'bool') return stock();
      return withBroadcast(heap, inputs.a, shape, (wideA) =>
        withBroadcast(heap, inputs.b, shape, (wideB) => stock({ a: wideA, b: wideB })),
      );
    }
    return spread(a, (left) =>
      spread(b, (right) => {
        const y = heap.output(shape, 'bool');
        const step = (x: TensorInfo): number => (util.sizeFromShape(x.shape) === 1 ? 0 : 4);
        heap.kernels.compare(
          kind,
          util.sizeFromShape(shape),
          heap.at(left),
          step(left),
          heap.at(right),
          step(right),
          heap.at(y),
        );
        return y;
      }),
    );
  };

const logic =
  (either: boolean): KernelRun<Binary> =>
  ({ inputs: { a, b }, heap, stock }) => {
    if (a.dtype !== 'bool' || b.dtype !== 'bool' || !util.arraysEqual(a.shape, b.shape)) return stock();
    const y = heap.output(a.shape, 'bool');
    heap.kernels.logic(util.sizeFromShape(a.shape), heap.at(a), heap.at(b), heap.at(y), +either);
    return y;
  };

export function registerComparisons(): void {
  kernel(Equal, comparison(EQUAL));
  kernel(NotEqual, comparison(NOT_EQUAL));
  kernel(Less, comparison(LESS));
  kernel(LessEqual, comparison(LESS_EQUAL));
  kernel(Greater, comparison(LESS, true));
  kernel(GreaterEqual, comparison(LESS_EQUAL, true));
  kernel(LogicalAnd, logic(false));
  kernel(LogicalOr, logic(true));
}
