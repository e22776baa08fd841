import type { Evaluation } from '@tapgrad/core';

/** Why a run ended. */
export type EndReason = 'completed' | 'stopped-early' | 'aborted';

/** After every update. */
export interface StepEvent {
  readonly kind: 'step';
  /** Updates made in this run, this one included; those before a resume count. */
  readonly step: number;
  /** Updates of the whole run; undefined where nobody knows. */
  readonly steps: number | undefined;
  /** From 0. */
  readonly epoch: number;
  /** Mean over micro-batches of the summed loss terms. */
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly learningRate: number;
  /** Norm of all gradients together before clipping, if the trainer clips by norm. */
  readonly gradientNorm: number | undefined;
  /** Milliseconds of this update, waiting for data excluded. */
  readonly stepMs: number;
  /** The ledger's peak so far. */
  readonly peakBytes: number;
  /** Milliseconds that the rest will probably take; undefined where nobody knows. */
  readonly etaMs: number | undefined;
}

/** After an evaluation. */
export interface EvaluationEvent extends Evaluation {
  readonly kind: 'evaluation';
  readonly step: number;
  readonly epoch: number;
  /** Whether the watched metric is the best so far. */
  readonly best: boolean;
  readonly ms: number;
}

/** After all batches of an epoch. */
export interface EpochEvent {
  readonly kind: 'epoch';
  readonly epoch: number;
  readonly step: number;
  /** Mean over the epoch's updates. */
  readonly loss: number;
}

/** After a checkpoint was written. */
export interface CheckpointEvent {
  readonly kind: 'checkpoint';
  readonly name: string;
  readonly step: number;
}

export interface EndEvent {
  readonly kind: 'end';
  readonly reason: EndReason;
  readonly step: number;
}

export type TrainingEvent = StepEvent | EvaluationEvent | EpochEvent | CheckpointEvent | EndEvent;

export type Events<Result> = AsyncGenerator<TrainingEvent, Result>;

/** What a run came to. */
export interface FitResult {
  readonly reason: EndReason;
  /** Updates made, those before a resume included. */
  readonly steps: number;
  /** Epochs finished. */
  readonly epochs: number;
  /** Of the last update; NaN without one. */
  readonly loss: number;
  /** The last evaluation, and the one with the best value of the watched metric. */
  readonly evaluation: EvaluationEvent | undefined;
  readonly best: { readonly step: number; readonly value: number } | undefined;
}
