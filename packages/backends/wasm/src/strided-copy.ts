import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from './heap.ts';

/** One axis of a copy: how many elements, and how far apart they lie in source and target (in elements; 0 repeats one). */
export interface Axis {
  readonly size: number;
  readonly source: number;
  readonly target: number;
}

/** Elements of these dtypes take four bytes, or, complex64, twice four. */
export function isCopyable({ dtype }: TensorInfo): boolean {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'complex64';
}

/**
 * Fills `out` from `x`: element (i0, i1, …) of `out` is the element of `x` that lies `offset` + sum(i * strides) elements
 * behind its first.
 */
export function stridedCopy(heap: Heap, x: TensorInfo, strides: readonly number[], out: TensorInfo, offset = 0): void {
  const unit = x.dtype === 'complex64' ? 2 : 1;
  copyAxes(heap, axesOf(out.shape, strides, unit), heap.at(x) + 4 * unit * offset, heap.at(out));
}

/** Copies elements of four bytes between two addresses. */
export function copyAxes(heap: Heap, whole: readonly Axis[], source: number, target: number): void {
  const axes = merged(whole);
  if (axes === undefined) return;
  // Innermost is a run without gaps in the target, if only of one element.
  if (axes.at(-1)?.target !== 1) axes.push({ size: 1, source: 1, target: 1 });
  const last = axes.pop()!;
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
      source,
      target,
      +swap,
      block.rows,
      block.columns,
      block.rowStride,
      block.columnStride,
    );
  });
}

function axesOf(shape: readonly number[], strides: readonly number[], unit: 1 | 2): Axis[] {
  const axes: Axis[] = unit === 2 ? [{ size: 2, source: 1, target: 1 }] : [];
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
