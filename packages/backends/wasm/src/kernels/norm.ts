import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type KernelCall, kernel } from '../register.ts';

interface Inputs {
  readonly x: TensorInfo;
  readonly weight?: TensorInfo | null;
  readonly bias?: TensorInfo | null;
}
interface Statistics {
  /** Absent for RMS norm. */
  readonly mean?: TensorInfo | null;
  readonly rstd: TensorInfo;
}
interface Needs {
  readonly needX?: boolean;
  readonly needWeight?: boolean;
  readonly needBias?: boolean;
}

/** Rows and their width: x is `[..., d]`. */
function rowsOf(x: TensorInfo): { d: number; rows: number; leading: number[] } {
  const leading = x.shape.slice(0, -1);
  return { d: x.shape.at(-1) ?? 1, rows: util.sizeFromShape(leading), leading };
}

const forward =
  (centered: boolean) =>
  ({
    inputs: { x, weight, bias },
    attrs: { epsilon },
    heap,
  }: KernelCall<Inputs, { epsilon: number }>): TensorInfo[] => {
    const { d, rows, leading } = rowsOf(x);
    const y = heap.output(x.shape);
    const statistics = Array.from({ length: centered ? 2 : 1 }, () => heap.output(leading));
    const mean = centered ? heap.at(statistics[0]!) : 0;
    const rstd = heap.at(statistics.at(-1)!);
    const parameters = [heap.atOrNull(weight), heap.atOrNull(bias)] as const;
    heap.kernels.norm(rows, d, heap.at(x), ...parameters, epsilon, heap.at(y), mean, rstd);
    return [y, ...statistics];
  };

function apply({ inputs: { x, mean, rstd, weight, bias }, heap }: KernelCall<Inputs & Statistics>): TensorInfo {
  const { d, rows } = rowsOf(x);
  const y = heap.output(x.shape);
  const statistics = [heap.atOrNull(mean), heap.at(rstd)] as const;
  heap.kernels.normApply(rows, d, heap.at(x), ...statistics, heap.atOrNull(weight), heap.atOrNull(bias), heap.at(y));
  return y;
}

function gradient({ inputs, attrs, heap }: KernelCall<{ dy: TensorInfo } & Inputs & Statistics, Needs>): TensorInfo[] {
  const { dy, x, mean, rstd, weight } = inputs;
  const { d, rows } = rowsOf(x);
  const dx = attrs.needX ? heap.output(x.shape) : undefined;
  const dweight = attrs.needWeight ? heap.output([d]) : undefined;
  const dbias = attrs.needBias ? heap.output([d]) : undefined;
  heap.scratch(8 * d, (partial) =>
    heap.kernels.normGrad(
      rows,
      d,
      heap.at(dy),
      heap.at(x),
      heap.atOrNull(mean),
      heap.at(rstd),
      heap.atOrNull(weight),
      heap.atOrNull(dx),
      heap.atOrNull(dweight),
      heap.atOrNull(dbias),
      partial,
    ),
  );
  return [dx, dweight, dbias].filter((made) => made !== undefined);
}

export function registerNorms(): void {
  kernel('tapgrad.LayerNorm', forward(true));
  kernel('tapgrad.LayerNormApply', apply);
  kernel('tapgrad.LayerNormGrad', gradient);
  kernel('tapgrad.RmsNorm', forward(false));
  kernel('tapgrad.RmsNormApply', apply);
  kernel('tapgrad.RmsNormGrad', gradient);
}
