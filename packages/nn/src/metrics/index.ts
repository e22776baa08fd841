export { ConfusionMatrix } from './confusion-matrix.ts';
export { accuracy, Mean, type Metric, macroF1, topK } from './metric.ts';
