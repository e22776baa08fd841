import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from './heap.ts';

/** One axis of a copy: how many elements, and how far apart they lie in source and target (in elements; 0 repeats one). */
interface Axis {
  readonly size: number;
  readonly source: number;
  readonly target: number;
}

/** Elements of these dtypes take four bytes, or, complex64, twice four. */
export function isCopyable({ dtype }: TensorInfo): boolean {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'complex64';
}

/**
 * Fills `out` from `x`: element (i0, i1, …) of `out` is the element of `x` that lies sum(i * strides) elements behind its first.
 */
export function stridedCopy(heap: Heap, x: TensorInfo, strides: readonly number[], out: TensorInfo): void {
  const axes = merged(axesOf(out.shape, strides, x.dtype === 'complex64'));
  if (axes === undefined) return;
  const last = axes.pop() ?? { size: 1, source: 1, target: 1 };
  // Where the last axis of the target is not contiguous in the source, another axis is: the two make a matrix to transpose.
  const across = last.source > 1 ? axes.findIndex((axis) => axis.source === 1) : -1;
  const swap = across >= 0;
  if (!swap && last.source > 1) axes.push(last);
  const inner = swap ? axes.splice(across, 1)[0]! : last;
  const block = swap
    ? { rows: last.size, columns: inner.size, rowStride: last.source, columnStride: inner.target }
    : {
        rows: 1,
        columns: last.source > 1 ? 1 : last.size,
        rowStride: 0,
        columnStride: Math.min(last.source, 1),
      };
  heap.scratch(12 * axes.length + 4, (address) => {
    heap.writeIntegers(
      address,
      axes.flatMap((axis) => [axis.size, axis.source, axis.target]),
    );
    heap.kernels.stridedCopy(
      axes.length,
      address,
      heap.at(x),
      heap.at(out),
      +swap,
      block.rows,
      block.columns,
      block.rowStride,
      block.columnStride,
    );
  });
}

function axesOf(shape: readonly number[], strides: readonly number[], paired: boolean): Axis[] {
  const unit = paired ? 2 : 1;
  const axes: Axis[] = paired ? [{ size: 2, source: 1, target: 1 }] : [];
  let target = unit;
  for (let d = shape.length - 1; d >= 0; d--) {
    axes.unshift({ size: shape[d]!, source: strides[d]! * unit, target });
    target *= shape[d]!;
  }
  return axes;
}

/** Drops axes of size 1 and joins neighbours that lie behind each other in both; undefined if there is nothing to copy. */
function merged(axes: readonly Axis[]): Axis[] | undefined {
  const result: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 0) return undefined;
    if (axis.size === 1) continue;
    const outer = result.at(-1);
    if (outer && outer.source === axis.source * axis.size && outer.target === axis.target * axis.size) {
      result[result.length - 1] = { size: outer.size * axis.size, source: axis.source, target: axis.target };
    } else {
      result.push(axis);
    }
  }
  return result;
}
