import { TapgradError } from '@tapgrad/core';
import type { CheckedMemoryOptions } from './options.ts';

/** How many samples may be kept: a number, or as many of the largest seen as fit into bytes. */
export class Budget {
  private largest = 0;

  constructor(private readonly options: Pick<CheckedMemoryOptions, 'samples' | 'bytes'>) {}

  /** Samples; 0 while it is not known. */
  get capacity(): number {
    const { samples, bytes = 0 } = this.options;
    if (samples !== undefined) return samples;
    return this.largest === 0 ? 0 : Math.floor(bytes / this.largest);
  }

  /**
   * Tells the bytes of a sample to come.
   * @throws TapgradError MEMORY_BUDGET if not even one fits
   */
  expect(bytes: number): void {
    this.largest = Math.max(this.largest, bytes);
    if (this.capacity > 0) return;
    throw new TapgradError({
      code: 'MEMORY_BUDGET',
      message: `a sample takes ${bytes} bytes, and the memory has ${this.options.bytes}`,
      fix: 'give the memory more bytes, or smaller samples',
    });
  }

  json(): number {
    return this.largest;
  }

  load(json: unknown): void {
    this.largest = json as number;
  }
}
