// Sums over the middle of [outer, count, inner].
import { rowAdd, rowScale, rowSum } from './rows';

/** Terms that are summed in float32 before the sum is added to the total: keeps sums over many terms accurate. */
const BLOCK: i32 = 512;

/** y [outer, inner] = factor * sum over count; `partial` is scratch of `inner` floats. */
export function sumMiddle(outer: i32, count: i32, inner: i32, x: usize, y: usize, factor: f32, partial: usize): void {
  if (inner == 1) {
    for (let o = 0; o < outer; o++) {
      let total: f64 = 0;
      for (let first = 0; first < count; first += BLOCK) {
        const length = min(BLOCK, count - first);
        total += <f64>rowSum(x, length);
        x += <usize>length << 2;
      }
      store<f32>(y, <f32>(total * <f64>factor));
      y += 4;
    }
    return;
  }
  const stride = <usize>inner << 2;
  for (let o = 0; o < outer; o++) {
    memory.fill(y, 0, stride);
    for (let first = 0; first < count; first += BLOCK) {
      const last = min(count, first + BLOCK);
      memory.fill(partial, 0, stride);
      for (let i = first; i < last; i++) {
        rowAdd(partial, x, inner);
        x += stride;
      }
      rowAdd(y, partial, inner);
    }
    if (factor != 1) rowScale(y, factor, inner);
    y += stride;
  }
}
