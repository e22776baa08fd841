/** Address of something in the heap, in bytes. */
type Address = number;

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
}
