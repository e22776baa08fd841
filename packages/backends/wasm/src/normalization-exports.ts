/** Address of something in the heap, in bytes. */
export type Address = number;

/** Kernels of layer, RMS and batch normalisation. */
export interface NormalizationExports {
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
  batchNorm(
    rows: number,
    d: number,
    x: Address,
    mean: Address,
    variance: Address,
    scale: Address,
    offset: Address,
    epsilon: number,
    factor: Address,
    y: Address,
  ): void;
  batchNormGrad(
    rows: number,
    d: number,
    dy: Address,
    x: Address,
    mean: Address,
    variance: Address,
    weight: Address,
    epsilon: number,
    dx: Address,
    dweight: Address,
    dbias: Address,
    scratch: Address,
  ): void;
}
