import type { Evaluation } from '@tapgrad/core';

/** Why a run ended. */
export type EndReason = 'completed' | 'stopped-early' | 'aborted';

/** The task of a stream that an event belongs to. */
export interface TaskPlace {
  /** From 0. */
  readonly index: number;
  /** Tasks in all. */
  readonly count: number;
  readonly name: string;
  /** Updates made for the tasks before. */
  readonly stepsBefore: number;
}

interface OfTask {
  /** Only from a `TaskTrainer`; steps and epochs are then counted within the task. */
  readonly task?: TaskPlace;
}

/** After every update. */
export interface StepEvent extends OfTask {
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
export interface EvaluationEvent extends Evaluation, OfTask {
  readonly kind: 'evaluation';
  readonly step: number;
  readonly epoch: number;
  /** Whether the watched metric is the best so far. */
  readonly best: boolean;
  readonly ms: number;
}

/** After all batches of an epoch. */
export interface EpochEvent extends OfTask {
  readonly kind: 'epoch';
  readonly epoch: number;
  readonly step: number;
  /** Mean over the epoch's updates. */
  readonly loss: number;
}

/** After a checkpoint was written. */
export interface CheckpointEvent extends OfTask {
  readonly kind: 'checkpoint';
  readonly name: string;
  readonly step: number;
}

/** After the tasks of a stream were measured: all of them before the first and after each, those begun in the course of one. */
export interface TaskEvaluationEvent {
  readonly kind: 'task-evaluation';
  readonly when: 'before' | 'during' | 'after';
  /** The task that comes, goes on or was learned. */
  readonly task: TaskPlace;
  /** Updates made since the first task began. */
  readonly step: number;
  /** By task. */
  readonly accuracies: readonly number[];
  readonly ms: number;
}

export interface EndEvent {
  readonly kind: 'end';
  readonly reason: EndReason;
  readonly step: number;
}

export type TrainingEvent = StepEvent | EvaluationEvent | EpochEvent | CheckpointEvent | TaskEvaluationEvent | EndEvent;

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
