export {
  AccuracyMatrix,
  type AccuracyMatrixJson,
  type ForgettingVariant,
  type HeatMap,
} from './accuracy-matrix.ts';
export type { KemkerOmegas } from './accuracy-metrics.ts';
export type { ClassGroupOptions } from './class-groups.ts';
export { type CurvePoint, minimumAccuracy, worstCaseAccuracy } from './curves.ts';
export {
  type Domain,
  type DomainStreamOptions,
  domainIncremental,
  type MappedDomains,
  permutedPixels,
  type TransformedDomains,
} from './domain-stream.ts';
export {
  type LabelledData,
  type LabelledTensors,
  type SampleDataOptions,
  sampleData,
  tensorData,
} from './labelled-data.ts';
export type { SplitData } from './make-stream.ts';
export { type TaskAccuracyOptions, taskAccuracies } from './measure.ts';
export { type ClassStreamOptions, classIncremental, taskIncremental } from './scenarios.ts';
export type { PerTask, TaskTrainerOptions } from './task-options.ts';
export type { Scenario, StreamTask, TaskBatchingOptions, TaskStream } from './task-stream.ts';
export { type TaskResult, TaskTrainer } from './task-trainer.ts';
