import { type Batch, randomStream, TapgradError } from '@tapgrad/core';
import { gather, reshape, type Tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { type ClassGroupOptions, classGroups } from './class-groups.ts';
import { labelsIn, makeStream, type SplitData } from './make-stream.ts';
import { checkNames, listed, taskName } from './scenarios.ts';
import type { TaskStream } from './task-stream.ts';

/** One domain: the same samples and classes, seen otherwise. */
export interface Domain {
  readonly name?: string;
  /** Makes the domain's inputs of the data's, as new tensors or the same; the same function for every batch. */
  transform(inputs: Batch['inputs']): Batch['inputs'];
}

interface DomainStreamCommon {
  /** Of the order of classes, and of what is held back. */
  readonly seed?: number;
  readonly taskNames?: readonly string[];
  /** Share of every class's training samples held back to choose options by; default 0. */
  readonly validation?: number;
}

/** All samples in every task, each time transformed otherwise. */
export interface TransformedDomains extends DomainStreamCommon {
  readonly domains: readonly (Domain | ((inputs: Tensor) => Tensor))[];
  /** Name of each label; default: the label itself. */
  readonly classNames?: readonly string[];
}

/** Each task has labels of its own, which mean the same few classes, for example odd and even. */
export interface MappedDomains extends DomainStreamCommon, ClassGroupOptions {
  /** The class that a label means: a whole number from 0. */
  mapLabel(label: number): number;
  /** Name of each class that labels are mapped to; default: its number. */
  readonly classNames?: readonly string[];
}

export type DomainStreamOptions = TransformedDomains | MappedDomains;

/**
 * Tasks that have the same classes and other inputs: transformed, or of other labels that are mapped to the same classes
 * (Split-MNIST's domain form: `{ tasks: 5, mapLabel: (label) => label % 2 }`).
 * @throws TapgradError BAD_OPTION, TASKS_TOO_MANY, CLASS_EMPTY, CLASS_TWICE, LABEL_UNTRAINED, LABEL_INVALID
 */
export function domainIncremental(data: SplitData, options: DomainStreamOptions): TaskStream {
  return 'domains' in options ? ofTransforms(data, options) : ofLabels(data, options);
}

function ofTransforms(data: SplitData, options: TransformedDomains): TaskStream {
  const { domains, classNames, taskNames, validation = 0, seed = 0 } = options;
  if (domains.length === 0) {
    throw new TapgradError({ code: 'BAD_OPTION', message: 'there are no domains', fix: 'give at least one' });
  }
  const labels = labelsIn(data.train);
  checkNames(labels, classNames);
  return makeStream({
    scenario: 'domain',
    data,
    tasks: domains.map((domain, index) => {
      const { name, transform } = typeof domain === 'function' ? { transform: domain } : { name: undefined, ...domain };
      return {
        name: taskName(taskNames, index, domains.length) ?? name ?? `domain ${index}`,
        labels,
        transform: transform as Domain['transform'],
      };
    }),
    columnOf: new Map(labels.map((label, column) => [label, column])),
    classNames: labels.map((label) => classNames?.[label] ?? String(label)),
    labels,
    validation,
    seed,
  });
}

function ofLabels(data: SplitData, options: MappedDomains): TaskStream {
  const groups = classGroups(labelsIn(data.train), options);
  const mapped = new Map(groups.flat().map((label) => [label, checkedClass(options.mapLabel(label), label)]));
  const classes = [...new Set(mapped.values())].sort((a, b) => a - b);
  checkNames(classes, options.classNames);
  return makeStream({
    scenario: 'domain',
    data,
    tasks: groups.map((group, index) => ({
      name: taskName(options.taskNames, index, groups.length) ?? listed(group.map(String)),
      labels: group,
    })),
    columnOf: new Map([...mapped].map(([label, each]) => [label, classes.indexOf(each)])),
    classNames: classes.map((each) => options.classNames?.[each] ?? String(each)),
    labels: classes,
    validation: options.validation ?? 0,
    seed: options.seed ?? 0,
  });
}

function checkedClass(mapped: number, label: number): number {
  if (Number.isSafeInteger(mapped) && mapped >= 0) return mapped;
  throw new TapgradError({
    code: 'LABEL_INVALID',
    message: `mapLabel(${label}) is ${mapped}`,
    fix: 'give whole numbers from 0',
  });
}

/**
 * Domains that permute the elements of each sample, all samples alike, another permutation in each (Permuted MNIST,
 * Goodfellow et al. 2013). The first leaves them as they are.
 * @param count domains
 */
export function permutedPixels(count: number, { seed = 0 }: { readonly seed?: number } = {}): Domain[] {
  return Array.from({ length: count }, (_, index) => ({
    name: index === 0 ? 'as they are' : `permutation ${index}`,
    transform: (inputs) => (index === 0 ? inputs : permuted(inputs as Tensor, seed, index)),
  }));
}

function permuted(inputs: Tensor, seed: number, index: number): Tensor {
  const elements = inputs.size / (inputs.shape[0] as number);
  return tidy(() => {
    const order = tensor1d(randomStream(seed, 'permuted pixels', index).permutation(elements), 'int32');
    return reshape(gather(reshape(inputs, [-1, elements]), order, 1), inputs.shape);
  });
}
