export type { CheckpointOptions } from './checkpoints.ts';
export type { Clip } from './clip.ts';
export type { EarlyStoppingOptions } from './early-stopping.ts';
export type {
  CheckpointEvent,
  EndEvent,
  EndReason,
  EpochEvent,
  EvaluationEvent,
  FitResult,
  StepEvent,
  TaskEvaluationEvent,
  TaskPlace,
  TrainingEvent,
} from './events.ts';
export type { EvaluationOptions, TrainerOptions } from './options.ts';
export { type ProgressLineOptions, progressLine, type TextStream } from './progress-line.ts';
export { Trainer } from './trainer.ts';
