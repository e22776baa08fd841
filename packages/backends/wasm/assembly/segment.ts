// Sums of rows that share an index.
import { rowAdd } from './rows';

/** out[ids[i]] += x[i] for n rows of d floats, `out` of `segments` rows is zeroed first; ids outside are skipped. */
export function segmentSum(n: i32, d: i32, x: usize, ids: usize, segments: i32, out: usize): void {
  const stride = <usize>d << 2;
  memory.fill(out, 0, <usize>segments * stride);
  for (let i = 0; i < n; i++) {
    const id = load<i32>(ids + (i << 2));
    if (id >= 0 && id < segments) rowAdd(out + <usize>id * stride, x + <usize>i * stride, d);
  }
}
