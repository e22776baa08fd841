/** Address of something in the heap, in bytes. */
type Address = number;

type Unary = (size: number, x: Address, y: Address) => void;
type UnaryGrad = (size: number, dy: Address, x: Address, dx: Address) => void;

/** What the module compiled from `assembly/` offers. Booleans are 0 or 1; an address 0 means "not given". */
export interface KernelExports {
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
  siluGrad: UnaryGrad;
  hardSwishGrad: UnaryGrad;
  norm(
    rows: number,
    d: number,
    x: Address,
    weight: Address,
    bias: Address,
    epsilon: number,
    y: Address,
    mean: Address,
    rstd: Address,
  ): void;
  normApply(
    rows: number,
    d: number,
    x: Address,
    mean: Address,
    rstd: Address,
    weight: Address,
    bias: Address,
    y: Address,
  ): void;
  normGrad(
    rows: number,
    d: number,
    dy: Address,
    x: Address,
    mean: Address,
    rstd: Address,
    weight: Address,
    dx: Address,
    dweight: Address,
    dbias: Address,
    partial: Address,
  ): void;
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
}
