import type { Address, NormalizationExports } from './normalization-exports.ts';

type Unary = (size: number, x: Address, y: Address) => void;
type UnaryGrad = (size: number, dy: Address, x: Address, dx: Address) => void;

/** What the module compiled from `assembly/` offers. Booleans are 0 or 1; an address 0 means "not given". */
export interface KernelExports extends NormalizationExports {
  gemmWorkspace(): number;
  gemmBatched(
    outer: number,
    inner: number,
    m: number,
    n: number,
    k: number,
    a: Address,
    lda: number,
    aOuter: number,
    aInner: number,
    transposeA: number,
    b: Address,
    ldb: number,
    bOuter: number,
    bInner: number,
    transposeB: number,
    c: Address,
    ldc: number,
    cOuter: number,
    cInner: number,
    bias: Address,
    accumulate: number,
    workspace: Address,
  ): void;
  activate(kind: number, size: number, x: Address, alpha: number): void;
  gelu: Unary;
  geluTanh: Unary;
  silu: Unary;
  hardSwish: Unary;
  geluGrad: UnaryGrad;
  geluTanhGrad: UnaryGrad;
  /** Gradient where 0 < y < ceiling, else 0. */
  reluGrad(size: number, ceiling: number, dy: number, y: number, dx: number): void;
  siluGrad: UnaryGrad;
  hardSwishGrad: UnaryGrad;
  softmax(rows: number, d: number, x: Address, y: Address): void;
  crossEntropy(
    rows: number,
    d: number,
    x: Address,
    labels: Address,
    smoothing: number,
    loss: Address,
    logSumExp: Address,
  ): void;
  crossEntropyDense(
    rows: number,
    d: number,
    x: Address,
    targets: Address,
    smoothing: number,
    loss: Address,
    logSumExp: Address,
  ): void;
  crossEntropyGrad(
    rows: number,
    d: number,
    dy: Address,
    x: Address,
    labels: Address,
    logSumExp: Address,
    smoothing: number,
    dx: Address,
  ): void;
  attention(
    batch: number,
    heads: number,
    n: number,
    m: number,
    d: number,
    e: number,
    q: Address,
    k: Address,
    v: Address,
    mask: Address,
    maskBatch: number,
    maskHead: number,
    maskRow: number,
    maskColumn: number,
    scale: number,
    causal: number,
    context: Address,
    probabilities: Address,
    workspace: Address,
  ): void;
  attentionGrad(
    batch: number,
    heads: number,
    n: number,
    m: number,
    d: number,
    e: number,
    dy: Address,
    q: Address,
    k: Address,
    v: Address,
    probabilities: Address,
    scale: number,
    dq: Address,
    dk: Address,
    dv: Address,
    scores: Address,
    workspace: Address,
  ): void;
  adamW(
    size: number,
    parameter: Address,
    gradient: Address,
    m: Address,
    v: Address,
    beta1: number,
    beta2: number,
    rest1: number,
    rest2: number,
    epsilon: number,
    keep: number,
    rate: number,
    rootScale: number,
  ): void;
  addInPlace(size: number, a: Address, b: Address): void;
  segmentSum(n: number, d: number, x: Address, ids: Address, segments: number, out: Address): void;
  imageToRows(geometry: Address, from: number, to: number, x: Address, rows: Address): void;
  rowsToImage(geometry: Address, from: number, to: number, rows: Address, dx: Address): void;
  depthwiseGrad(
    geometry: Address,
    multiplier: number,
    dy: Address,
    x: Address,
    dfilter: Address,
    filter: Address,
    dx: Address,
  ): void;
  maxPool(geometry: Address, x: Address, filter: Address, y: Address, positions: Address, includeBatch: number): void;
  maxPoolGrad(
    geometry: Address,
    dy: Address,
    x: Address,
    filter: Address,
    dx: Address,
    dfilter: Address,
    last: number,
  ): void;
  stridedCopy(
    count: number,
    axes: Address,
    source: Address,
    target: Address,
    swap: number,
    rows: number,
    columns: number,
    rowStride: number,
    columnStride: number,
  ): void;
  gather(
    batch: number,
    outer: number,
    size: number,
    count: number,
    bytes: number,
    x: Address,
    indices: Address,
    out: Address,
  ): number;
  sumMiddle(
    outer: number,
    count: number,
    inner: number,
    x: Address,
    y: Address,
    factor: number,
    partial: Address,
  ): void;
  exp: Unary;
  tanh: Unary;
  erf: Unary;
  log: Unary;
  elu: Unary;
  extremum(size: number, a: Address, b: Address, y: Address, least: number): void;
  depthwise(geometry: Address, multiplier: number, x: Address, filter: Address, y: Address): void;
  averagePool(geometry: Address, x: Address, y: Address): void;
  compare(kind: number, size: number, a: Address, aStep: number, b: Address, bStep: number, y: Address): void;
  logic(size: number, a: Address, b: Address, y: Address, either: number): void;
  packBits(size: number, stride: number, codes: Address, bits: number, words: Address): void;
  unpackBits(size: number, words: Address, bits: number, codes: Address): void;
  packDerivative(size: number, x: Address, count: number, borders: Address, bits: number, words: Address): void;
  unpackDerivative(size: number, words: Address, bits: number, planes: Address, dy: Address, y: Address): void;
  packGroups(
    size: number,
    group: number,
    x: Address,
    bits: number,
    half: number,
    stochastic: number,
    seed: number,
    words: Address,
    ranges: Address,
  ): void;
  unpackGroups(
    size: number,
    group: number,
    words: Address,
    ranges: Address,
    bits: number,
    half: number,
    y: Address,
  ): void;
  packSparse(
    samples: number,
    width: number,
    x: Address,
    count: number,
    mask: Address,
    values: Address,
    bins: Address,
  ): void;
  unpackSparse(size: number, mask: Address, values: Address, y: Address): void;
}
