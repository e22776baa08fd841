// Matrix product by blocks: rows of A against panels of 16 columns of B. A panel (at most 16 kB) stays in the first
// cache while all rows pass by; a block of A (at most 512 kB) stays in the second while all panels pass by.
import { tile2x16 } from './gemm-micro';
import { packColumns, packRows, transposeBlock } from './gemm-pack';

const DEPTH_BLOCK: i32 = 256;
const ROW_BLOCK: i32 = 512;

// Layout of the workspace, in bytes.
const ZEROS: usize = 0;
const TILE: usize = 64;
const SPILL: usize = TILE + 128;
const BIAS: usize = SPILL + 64;
const PANEL: usize = BIAS + 64;
const BLOCK: usize = PANEL + (<usize>DEPTH_BLOCK) * 64;
const WORKSPACE: usize = BLOCK + (<usize>DEPTH_BLOCK) * (<usize>ROW_BLOCK) * 4;

/** Bytes that `gemm` needs as workspace; its first 64 must be zero. */
export function gemmWorkspace(): usize {
  return WORKSPACE;
}

@inline
function copyFloats(count: i32, source: usize, target: usize): void {
  for (let j = 0; j < count; j++) store<f32>(target + (j << 2), load<f32>(source + (j << 2)));
}

/** The tile at the right edge, where fewer than 16 columns exist: computed aside, then copied. */
function edgeTile(
  depth: i32, rows: i32, columns: i32, a0: usize, a1: usize, aStep: usize, b: usize, c: usize, cStride: usize,
  bias: usize, accumulate: bool, workspace: usize,
): void {
  const tile = workspace + TILE;
  let init0 = bias;
  let init1 = bias;
  if (accumulate) {
    copyFloats(columns, c, tile);
    if (rows > 1) copyFloats(columns, c + cStride, tile + 64);
    init0 = tile;
    init1 = tile + 64;
  }
  tile2x16(depth, a0, a1, aStep, b, 64, init0, init1, tile, tile + 64);
  copyFloats(columns, tile, c);
  if (rows > 1) copyFloats(columns, tile + 64, c + cStride);
}

/** One panel of at most 16 columns against `rows` rows. */
function panelProduct(
  rows: i32, columns: i32, depth: i32, a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize,
  c: usize, cStride: usize, bias: usize, accumulate: bool, workspace: usize,
): void {
  let i = 0;
  if (columns == 16) {
    for (; i + 2 <= rows; i += 2) {
      const c1 = c + cStride;
      tile2x16(depth, a, a + aRow, aStep, b, bStep, accumulate ? c : bias, accumulate ? c1 : bias, c, c1);
      a += 2 * aRow;
      c += 2 * cStride;
    }
    if (i < rows) {
      tile2x16(depth, a, a, aStep, b, bStep, accumulate ? c : bias, bias, c, workspace + SPILL);
    }
    return;
  }
  for (; i < rows; i += 2) {
    const pair = min(2, rows - i);
    edgeTile(depth, pair, columns, a, pair > 1 ? a + aRow : a, aStep, b, c, cStride, bias, accumulate, workspace);
    a += 2 * aRow;
    c += 2 * cStride;
  }
}

/**
 * c[m][n] = (accumulate ? c : bias or 0) + op(a)[m][k] op(b)[k][n], row-major; `lda`, `ldb`, `ldc` are the floats between
 * two stored rows, so that operands may be parts of larger arrays. `transposeA`: a is stored [k][m]; `transposeB`: b is stored [n][k].
 * `bias` is 0 or the address of n floats.
 */
export function gemm(
  m: i32, n: i32, k: i32, a: usize, lda: i32, transposeA: bool, b: usize, ldb: i32, transposeB: bool,
  c: usize, ldc: i32, bias: usize, accumulate: bool, workspace: usize,
): void {
  const aStride = <usize>lda << 2;
  const bStride = <usize>ldb << 2;
  const cStride = <usize>ldc << 2;
  const panel = workspace + PANEL;
  const block = workspace + BLOCK;
  // Few rows: reading B where it is costs less than a copy of it.
  const readInPlace = !transposeB && m <= 8;
  let k0 = 0;
  do {
    const depth = min(k - k0, DEPTH_BLOCK);
    const add = accumulate || k0 > 0;
    for (let i0 = 0; i0 < m; i0 += ROW_BLOCK) {
      const rows = min(m - i0, ROW_BLOCK);
      let aBlock = a + i0 * aStride + (k0 << 2);
      let aRow = aStride;
      if (transposeA) {
        transposeBlock(depth, rows, a + k0 * aStride + (i0 << 2), aStride, block, <usize>depth << 2);
        aBlock = block;
        aRow = <usize>depth << 2;
      } else if (n >= 64 && rows > 8 && aStride > (<usize>depth << 2)) {
        for (let i = 0; i < rows; i++) memory.copy(block + (i * depth << 2), aBlock + i * aStride, depth << 2);
        aBlock = block;
        aRow = <usize>depth << 2;
      }
      for (let j = 0; j < n; j += 16) {
        const columns = min(n - j, 16);
        let bPanel = panel;
        let bStep: usize = 64;
        if (transposeB) {
          packColumns(depth, columns, b + j * bStride + (k0 << 2), bStride, panel);
        } else if (readInPlace && columns == 16) {
          bPanel = b + k0 * bStride + (j << 2);
          bStep = bStride;
        } else {
          packRows(depth, columns, b + k0 * bStride + (j << 2), bStride, panel);
        }
        let start = workspace + ZEROS;
        if (bias != 0 && !add) {
          start = bias + (j << 2);
          if (columns < 16) {
            memory.fill(workspace + BIAS, 0, 64);
            copyFloats(columns, start, workspace + BIAS);
            start = workspace + BIAS;
          }
        }
        panelProduct(rows, columns, depth, aBlock, aRow, 4, bPanel, bStep, c + i0 * cStride + (j << 2), cStride, start, add, workspace);
      }
    }
    k0 += depth;
  } while (k0 < k);
}

/**
 * `outer` x `inner` products whose operands lie `…Outer` and `…Inner` floats apart (0 repeats an operand: broadcasting).
 */
export function gemmBatched(
  outer: i32, inner: i32, m: i32, n: i32, k: i32,
  a: usize, lda: i32, aOuter: i32, aInner: i32, transposeA: bool,
  b: usize, ldb: i32, bOuter: i32, bInner: i32, transposeB: bool,
  c: usize, ldc: i32, cOuter: i32, cInner: i32,
  bias: usize, accumulate: bool, workspace: usize,
): void {
  for (let i = 0; i < outer; i++) {
    for (let j = 0; j < inner; j++) {
      gemm(
        m, n, k, a + ((<usize>(i * aOuter + j * aInner)) << 2), lda, transposeA,
        b + ((<usize>(i * bOuter + j * bInner)) << 2), ldb, transposeB,
        c + ((<usize>(i * cOuter + j * cInner)) << 2), ldc, bias, accumulate, workspace,
      );
    }
  }
}
