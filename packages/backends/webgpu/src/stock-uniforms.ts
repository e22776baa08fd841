import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { StockProgram, StockUniforms } from './stock-backend.ts';
import type { StagedUniforms, UniformRing } from './uniforms.ts';

/**
 * Stages the uniforms of one of tfjs's programs in the order in which its shader declares them: NaN and infinity, shape and strides of each
 * input and of the output, the number of output elements, and what is the program's own.
 */
export function stageStockUniforms(
  ring: UniformRing,
  program: StockProgram,
  inputs: readonly TensorInfo[],
  output: TensorInfo,
  own: StockUniforms | undefined,
): StagedUniforms {
  ring.float(Number.NaN);
  ring.float(Number.POSITIVE_INFINITY);
  const writer = new VectorWriter(ring);
  for (const { shape } of inputs) writer.shape(shape);
  writer.shape(output.shape);
  if (program.size) {
    let size = 1;
    for (const length of program.outputShape) size *= length;
    writer.begin(1);
    ring.integer(size / (program.outputComponent || 1));
  }
  if (own) for (const { type, data } of own) writer.values(type, data);
  return ring.end();
}

/** WGSL's alignment of vectors of up to six numbers. */
class VectorWriter {
  /** Whether the last was one of tfjs's structs for five and six numbers, behind which it aligns anew. */
  private behindStruct = false;

  constructor(private readonly ring: UniformRing) {}

  /** A shape, then its strides, of which the last, 1, is left out. */
  shape(shape: readonly number[]): void {
    const rank = shape.length;
    this.integers(shape, rank);
    if (rank < 2) {
      this.begin(1);
      this.ring.integer(1);
      return;
    }
    this.begin(rank - 1);
    for (let axis = 1; axis < rank; axis++) {
      let stride = 1;
      for (let inner = axis; inner < rank; inner++) stride *= shape[inner]!;
      this.ring.integer(stride);
    }
  }

  values(type: string, data: readonly number[]): void {
    if (type !== 'float32' || data.length === 0) this.integers(data, data.length);
    else {
      this.begin(data.length);
      for (const value of data) this.ring.float(value);
    }
  }

  /** Aligns for a vector of `length`. */
  begin(length: number): void {
    const words = length > 2 || this.behindStruct ? 4 : length;
    if (words > 1) this.ring.align(words);
    this.behindStruct = length > 4;
  }

  /** A shader has one number where a tensor has no axis. */
  private integers(data: readonly number[], length: number): void {
    this.begin(Math.max(length, 1));
    if (length === 0) this.ring.integer(1);
    for (let i = 0; i < length; i++) this.ring.integer(data[i]!);
  }
}
