export { accuracy, topKAccuracy } from './accuracy.ts';
export { ConfusionMatrix } from './confusion-matrix.ts';
export { Mean } from './mean.ts';
