import {
  Atan2,
  BitwiseAnd,
  backend_util,
  Elu,
  Erf,
  Exp,
  FloorDiv,
  Log,
  LogicalXor,
  Maximum,
  Minimum,
  Mod,
  Pow,
  Tanh,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { type KernelRun, kernel } from '../register.ts';
import { isCopyable } from '../strided-copy.ts';
import { broadcastTo } from './layout.ts';

type Binary = { a: TensorInfo; b: TensorInfo };

function registerUnary(name: string, own: 'exp' | 'tanh' | 'erf' | 'log' | 'elu'): void {
  kernel<{ x: TensorInfo }>(name, ({ inputs: { x }, heap, stock }) => {
    if (x.dtype !== 'float32') return stock();
    const y = heap.output(x.shape);
    heap.kernels[own](util.sizeFromShape(x.shape), heap.at(x), heap.at(y));
    return y;
  });
}

/** Runs `use` with x repeated to `shape`; what had to be made for it is freed afterwards. */
export function withBroadcast<T>(heap: Heap, x: TensorInfo, shape: number[], use: (x: TensorInfo) => T): T {
  if (util.arraysEqual(x.shape, shape)) return use(x);
  const wide = broadcastTo(heap, x, shape);
  try {
    return use(wide);
  } finally {
    heap.free(wide);
  }
}

/** Where tfjs's kernel takes a slow path for operands of different shapes, repeating one first is many times faster. */
function registerBroadcast(name: string, run: KernelRun<Binary>): void {
  kernel<Binary>(name, (call) => {
    const {
      inputs: { a, b },
      heap,
    } = call;
    if (util.arraysEqual(a.shape, b.shape) || !isCopyable(a) || !isCopyable(b)) return run(call);
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    return withBroadcast(heap, a, shape, (wideA) =>
      withBroadcast(heap, b, shape, (wideB) => {
        const inputs = { a: wideA, b: wideB };
        return run({ ...call, inputs, stock: () => call.stock(inputs) });
      }),
    );
  });
}

const extremum =
  (least: boolean): KernelRun<Binary> =>
  ({ inputs: { a, b }, heap, stock }) => {
    if (a.dtype !== 'float32' || !util.arraysEqual(a.shape, b.shape)) return stock();
    const y = heap.output(a.shape);
    heap.kernels.extremum(util.sizeFromShape(a.shape), heap.at(a), heap.at(b), heap.at(y), +least);
    return y;
  };

export function registerElementwise(): void {
  registerUnary(Exp, 'exp');
  registerUnary(Tanh, 'tanh');
  registerUnary(Erf, 'erf');
  registerUnary(Log, 'log');
  registerUnary(Elu, 'elu');
  registerBroadcast(Maximum, extremum(false));
  registerBroadcast(Minimum, extremum(true));
  const names = [Atan2, BitwiseAnd, FloorDiv, LogicalXor, Mod, Pow];
  for (const name of names) registerBroadcast(name, ({ stock }) => stock());
}
