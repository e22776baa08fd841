import { type Batch, TapgradError } from '@tapgrad/core';
import { Tensor } from '@tensorflow/tfjs-core';
import type { Collate } from '../data/sample-batches.ts';
import { rowsOf, sampleCount } from '../data/tensor-batches.ts';

/** Samples of any kind, each with a label, that can be asked for in any selection. */
export interface LabelledData {
  readonly size: number;
  /** The label of each sample: whole numbers from 0. */
  readonly labels: Int32Array;
  /** Inputs and side data of some samples, without targets: new tensors `[indices, …]`, the caller's to dispose. */
  rows(indices: Int32Array): Batch | Promise<Batch>;
}

export interface LabelledTensors {
  /** `[samples, …]`; also several, nested in arrays and records. */
  readonly inputs: Batch['inputs'];
  /** `[samples]`. A tensor is read at once, which not every backend can: on WebGPU give an array. */
  readonly labels: Tensor | ArrayLike<number>;
  /** Side data, `[samples, …]`. */
  readonly [side: string]: unknown;
}

/**
 * Labelled samples that are whole tensors, which remain the caller's.
 * @throws TapgradError DATA_LENGTH where there are more or fewer labels than samples, LABEL_INVALID
 */
export function tensorData({ labels, ...data }: LabelledTensors): LabelledData {
  const size = sampleCount(data);
  const checked = checkedLabels(labels instanceof Tensor ? labels.dataSync() : labels);
  if (checked.length !== size) {
    throw new TapgradError({
      code: 'DATA_LENGTH',
      message: `there are ${size} samples and ${checked.length} labels`,
      fix: 'give one label for each sample',
    });
  }
  return { size, labels: checked, rows: (indices) => rowsOf<Batch>(data, indices) };
}

export interface SampleDataOptions<Sample> {
  /** The label of a sample: a whole number from 0. */
  label(sample: Sample): number;
  /** Makes inputs and side data of some samples: new tensors. Targets that it makes are not used. */
  readonly collate: Collate<Sample>;
}

/**
 * Labelled samples of any kind in an array: texts, records, paths of files that `collate` reads.
 * @throws TapgradError DATA_LENGTH without samples, LABEL_INVALID
 */
export function sampleData<Sample>(
  samples: readonly Sample[],
  { label, collate }: SampleDataOptions<Sample>,
): LabelledData {
  if (samples.length === 0) {
    throw new TapgradError({ code: 'DATA_LENGTH', message: 'there are no samples', fix: 'give at least one' });
  }
  const labels = checkedLabels(samples.map((sample) => label(sample)));
  return {
    size: samples.length,
    labels,
    rows: (indices) => collate(Array.from(indices, (index) => samples[index] as Sample)),
  };
}

function checkedLabels(labels: ArrayLike<number>): Int32Array {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (Number.isInteger(label) && (label as number) >= 0) continue;
    throw new TapgradError({
      code: 'LABEL_INVALID',
      message: `the label of sample ${i} is ${label}`,
      fix: 'give whole numbers from 0, for example the place of the name in a list of names',
    });
  }
  return Int32Array.from(labels);
}
