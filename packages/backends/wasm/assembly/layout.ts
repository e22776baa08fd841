// Copies that move elements of four bytes: transposes, broadcasts, gathers.
import { transposeBlock } from './gemm-pack';

/**
 * Strided copy. `axes` points to `count` triples of integers (size, stride in the source, stride in the target), outermost first; the
 * innermost work is a block of rows x columns whose target rows are the source's columns (`swap`), or a run of `columns` elements that
 * are neighbours in the target and `columnStride` (0 or 1) apart in the source. Strides count elements.
 */
export function stridedCopy(
  count: i32, axes: usize, source: usize, target: usize,
  swap: bool, rows: i32, columns: i32, rowStride: i32, columnStride: i32,
): void {
  if (count == 0) {
    if (swap) transposeBlock(rows, columns, source, <usize>rowStride << 2, target, <usize>columnStride << 2);
    else if (columnStride == 1) memory.copy(target, source, <usize>columns << 2);
    else fill(columns, load<i32>(source), target);
    return;
  }
  const size = load<i32>(axes);
  const sourceStep = load<i32>(axes + 4) << 2;
  const targetStep = load<i32>(axes + 8) << 2;
  for (let i = 0; i < size; i++) {
    stridedCopy(count - 1, axes + 12, source, target, swap, rows, columns, rowStride, columnStride);
    source += sourceStep;
    target += targetStep;
  }
}

function fill(count: i32, value: i32, target: usize): void {
  const four = i32x4.splat(value);
  const end = target + (<usize>count << 2);
  const end4 = target + ((<usize>count & ~3) << 2);
  for (; target < end4; target += 16) v128.store(target, four);
  for (; target < end; target += 4) store<i32>(target, value);
}

/**
 * out[b][o][i] = x[b][o][indices[b][i]] with rows of `bytes` bytes. Returns the place in `indices` of the first index outside of
 * [0, size), or -1.
 */
export function gather(batch: i32, outer: i32, size: i32, count: i32, bytes: usize, x: usize, indices: usize, out: usize): i32 {
  for (let b = 0; b < batch; b++) {
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < count; i++) {
        const index = load<i32>(indices + (<usize>(b * count + i) << 2));
        if (<u32>index >= <u32>size) return b * count + i;
        memory.copy(out, x + <usize>index * bytes, bytes);
        out += bytes;
      }
      x += <usize>size * bytes;
    }
  }
  return -1;
}
