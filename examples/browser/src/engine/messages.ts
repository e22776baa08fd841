import type { MemoryBreakdown } from '@tapgrad/core';

/** A labelled sentence. */
export interface Example {
  readonly text: string;
  readonly label: string;
}

export interface TrainingSettings {
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
}

export type BackendWish = 'auto' | 'webgpu' | 'wasm';

/** What the page asks of the worker that trains; each is answered once. */
export interface Requests {
  start: { argument: { backend: BackendWish; modelUrl: string }; answer: Started };
  train: { argument: { examples: readonly Example[]; settings: TrainingSettings }; answer: Trained };
  classify: { argument: string; answer: readonly Share[] };
  save: { argument: undefined; answer: Uint8Array<ArrayBuffer> };
  load: { argument: Blob; answer: Loaded };
}
export type RequestName = keyof Requests;

export interface Started {
  readonly backend: 'webgpu' | 'wasm';
  /** Why it is this one, in a sentence. */
  readonly reason: string;
  readonly parameters: number;
}

export interface Trained {
  readonly aborted: boolean;
  readonly steps: number;
  /** Of the last step; NaN without one. */
  readonly loss: number;
  readonly labels: readonly string[];
  /** On sentences that training did not see; undefined where there were too few to keep any back. */
  readonly held: { readonly accuracy: number; readonly sentences: number } | undefined;
  readonly trainableParameters: number;
  /** The most bytes at one time of the whole run. */
  readonly peakBytes: number;
}

export interface Loaded {
  readonly labels: readonly string[];
  readonly steps: number;
}

/** A class with its probability. */
export interface Share {
  readonly label: string;
  readonly probability: number;
}

/** After every step, unasked. */
export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly stepMs: number;
  readonly etaMs: number | undefined;
  /** The most bytes at one time of this step, and what they were for. */
  readonly peakBytes: number;
  readonly memory: MemoryBreakdown;
}

export type ToWorker =
  | { readonly kind: 'request'; readonly id: number; readonly name: RequestName; readonly argument: unknown }
  | { readonly kind: 'abort' };

export type FromWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'note'; readonly text: string };
