/** What training by one method at one shape holds and takes, against full fine-tuning of the same model and batch. */
export interface MemoryRow {
  readonly method: string;
  readonly shape: string;
  /** `meta`: planned, no data and no times. */
  readonly backend: 'meta' | 'wasm';
  readonly peakRatio: number;
  readonly savedRatio: number;
  readonly stepTimeRatio: number | null;
  readonly trainableParameters: number;
  readonly peakBytes: number;
  readonly savedBytes: number;
  readonly stepMs?: number;
}
