/** What becomes of the values that a forward saves, in the order of the table. */
export const strategies = {
  keep: 'keep',
  offload: 'offload to the host',
  adaptive: 'offload, adaptive plan',
  disk: 'offload to disk, 4 MB wait',
  recompute: 'recompute the blocks',
  both: 'recompute, inputs offloaded',
  codes: 'codes of 4 bits',
  codesAway: 'codes, offloaded',
} as const;
export type Strategy = keyof typeof strategies;

export interface Question {
  readonly strategy: Strategy;
  readonly steps: number;
}

/** What a step holds at most, in bytes, and takes. */
export interface Held {
  readonly peak: number;
  readonly saved: number;
  /** Of the device's buffers, where the backend tells. */
  readonly pool: number | undefined;
  readonly host: number;
  readonly disk: number;
  readonly milliseconds: readonly number[];
}
