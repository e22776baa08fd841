export { ConfusionMatrix } from './confusion-matrix.ts';
export { accuracy, macroF1, Mean, type Metric, topK } from './metric.ts';
