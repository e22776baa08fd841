import { BufferTensor, Module, TapgradError } from '@tapgrad/core';
import { type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { hashOf } from './hash.ts';
import { cosineLogits, unitVector } from './math.ts';

/** What the frozen targets of a task look like. */
export interface TargetsShape {
  /** Targets of each class. */
  readonly counts: readonly number[];
  readonly width: number;
  /** Of the rows as they were made. */
  readonly hash: string;
}

/** The frozen rows of one task's classes. They are a buffer: no optimizer, decay or Fisher information sees them. */
export class Targets extends Module<[directions: Tensor, scale: Tensor | number]> {
  readonly rows: BufferTensor;

  constructor(
    readonly shape: TargetsShape,
    rows: Tensor = zeros([shape.counts.reduce((sum, count) => sum + count, 0), shape.width]),
  ) {
    super();
    this.rows = new BufferTensor(rows);
  }

  /** Of the vectors of each class, as they are given; the rows are of unit length. */
  static of(vectors: readonly (readonly (readonly number[])[])[], width: number): Targets {
    const rows = vectors.flat().map(unitVector);
    const counts = vectors.map((each) => each.length);
    return new Targets({ counts, width, hash: hashOf(rows.flat()) }, tensor(rows.flat(), [rows.length, width]));
  }

  override forward(directions: Tensor, scale: Tensor | number): Tensor {
    return cosineLogits(directions, this.rows.read(), this.shape.counts, scale);
  }

  /** @throws TapgradError TARGETS_CHANGED */
  async check(): Promise<void> {
    if (hashOf(await this.rows.variable.data()) === this.shape.hash) return;
    throw new TapgradError({
      code: 'TARGETS_CHANGED',
      message: `the frozen targets ${this.path} are not the rows any more that they were made of`,
      modulePath: this.path,
      fix: 'leave them alone: let nothing assign to this buffer, and load states of this stack only',
    });
  }
}
