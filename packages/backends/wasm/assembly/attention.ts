// Scaled dot-product attention (Vaswani et al. 2017) of several heads, straight on [batch, tokens, heads * width]: a head is a
// matrix with rows heads * width floats apart, so nothing is transposed or copied.
import { gemm } from './gemm';
import { rowExp, rowMax } from './softmax';
import { rowDot, rowScale } from './rows';

/** x = x * scale + mask, where `maskStep` is 4 or, for one mask value per row, 0. */
function scaleAndMask(x: usize, scale: f32, mask: usize, maskStep: usize, d: i32): void {
  rowScale(x, scale, d);
  if (!mask) return;
  const end = x + (<usize>d << 2);
  for (; x < end; x += 4) {
    store<f32>(x, load<f32>(x) + load<f32>(mask));
    mask += maskStep;
  }
}

/** Softmax of the first `visible` of d scores; the rest become 0. With none visible all are equally likely. */
function softmaxRow(x: usize, visible: i32, d: i32): void {
  if (visible <= 0) {
    const end = x + (<usize>d << 2);
    for (; x < end; x += 4) store<f32>(x, <f32>1 / <f32>d);
    return;
  }
  rowScale(x, <f32>1 / rowExp(x, rowMax(x, visible), x, visible), visible);
  if (visible < d) memory.fill(x + (<usize>visible << 2), 0, <usize>(d - visible) << 2);
}

/**
 * q [batch, n, heads * d], k [batch, m, heads * d], v [batch, m, heads * e], context [batch, n, heads * e], probabilities
 * [batch, heads, n, m]. `mask` (or 0) is added to the scores; its strides count floats, 0 where it is broadcast.
 */
export function attention(
  batch: i32, heads: i32, n: i32, m: i32, d: i32, e: i32, q: usize, k: usize, v: usize,
  mask: usize, maskBatch: i32, maskHead: i32, maskRow: i32, maskColumn: i32, scale: f32, causal: bool,
  context: usize, probabilities: usize, workspace: usize,
): void {
  const qRow = heads * d;
  const vRow = heads * e;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const p = probabilities + (<usize>((b * heads + h) * n * m) << 2);
      const headQ = q + (<usize>(b * n * qRow + h * d) << 2);
      const headK = k + (<usize>(b * m * qRow + h * d) << 2);
      gemm(n, m, d, headQ, qRow, false, headK, qRow, true, p, m, 0, false, workspace);
      for (let i = 0; i < n; i++) {
        const row = p + (<usize>(i * m) << 2);
        const maskAt = mask ? mask + (<usize>(b * maskBatch + h * maskHead + i * maskRow) << 2) : 0;
        scaleAndMask(row, scale, maskAt, <usize>maskColumn << 2, m);
        softmaxRow(row, causal ? min(m, i + 1 + m - n) : m, m);
      }
      const headV = v + (<usize>(b * m * vRow + h * e) << 2);
      gemm(n, e, m, p, m, false, headV, vRow, false, context + (<usize>(b * n * vRow + h * e) << 2), vRow, 0, false, workspace);
    }
  }
}

/**
 * dq, dk, dv from dy [batch, n, heads * e]; each is left out if its address is 0. `scores` is scratch of n m floats for the
 * gradient of one head's scores: P (dP - sum(dP P)) scale.
 */
export function attentionGrad(
  batch: i32, heads: i32, n: i32, m: i32, d: i32, e: i32, dy: usize, q: usize, k: usize, v: usize, probabilities: usize,
  scale: f32, dq: usize, dk: usize, dv: usize, scores: usize, workspace: usize,
): void {
  const qRow = heads * d;
  const vRow = heads * e;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const p = probabilities + (<usize>((b * heads + h) * n * m) << 2);
      const atQ = <usize>(b * n * qRow + h * d) << 2;
      const atK = <usize>(b * m * qRow + h * d) << 2;
      const atV = <usize>(b * m * vRow + h * e) << 2;
      const headDy = dy + (<usize>(b * n * vRow + h * e) << 2);
      if (dv) gemm(m, e, n, p, m, true, headDy, vRow, false, dv + atV, vRow, 0, false, workspace);
      if (!dq && !dk) continue;
      gemm(n, m, e, headDy, vRow, false, v + atV, vRow, true, scores, m, 0, false, workspace);
      for (let i = 0; i < n; i++) {
        const at = <usize>(i * m) << 2;
        scoreGradientRow(scores + at, p + at, scale, m);
      }
      if (dq) gemm(n, d, m, scores, m, false, k + atK, qRow, false, dq + atQ, qRow, 0, false, workspace);
      if (dk) gemm(m, d, n, scores, m, true, q + atQ, qRow, false, dk + atK, qRow, 0, false, workspace);
    }
  }
}

/** g = p (g - sum(g p)) scale. */
function scoreGradientRow(g: usize, p: usize, scale: f32, d: i32): void {
  const along = rowDot(g, p, d);
  const end = g + (<usize>d << 2);
  const end4 = g + ((<usize>d & ~3) << 2);
  const a = f32x4.splat(along);
  const s = f32x4.splat(scale);
  for (; g < end4; g += 16) {
    v128.store(g, f32x4.mul(f32x4.mul(v128.load(p), f32x4.sub(v128.load(g), a)), s));
    p += 16;
  }
  for (; g < end; g += 4) {
    store<f32>(g, load<f32>(p) * (load<f32>(g) - along) * scale);
    p += 4;
  }
}
