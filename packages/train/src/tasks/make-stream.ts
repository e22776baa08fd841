import { TapgradError } from '@tapgrad/core';
import { emptyClass } from './class-groups.ts';
import type { Transform } from './domain-transforms.ts';
import { heldBack } from './held-back.ts';
import type { LabelledData } from './labelled-data.ts';
import { restrictTo } from './restrict.ts';
import { joined, plainBatches, type Selection, selectionBatches } from './selection.ts';
import type { Scenario, StreamTask, TaskStream } from './task-stream.ts';

/** What is learned from and what is measured on. */
export interface SplitData {
  readonly train: LabelledData;
  readonly test: LabelledData;
}

/** One task as a scenario plans it. */
export interface TaskPlan {
  readonly name: string;
  /** Labels of the data that are in it. */
  readonly labels: readonly number[];
  readonly transform?: Transform;
}

export interface StreamPlan {
  readonly scenario: Scenario;
  readonly data: SplitData;
  readonly tasks: readonly TaskPlan[];
  /** The output column of each label. */
  readonly columnOf: ReadonlyMap<number, number>;
  /** By column. */
  readonly classNames: readonly string[];
  /** By column. */
  readonly labels: readonly number[];
  /** Share of training data held back, and the seed of the choice. */
  readonly validation: number;
  readonly seed: number;
}

/** A task with its samples chosen. */
interface Chosen {
  readonly name: string;
  readonly classes: readonly number[];
  readonly train: Selection;
  readonly validation: Selection;
  readonly test: Selection;
}

/** The stream of a plan. Throws CLASS_EMPTY, LABEL_UNTRAINED, BAD_OPTION. */
export function makeStream(plan: StreamPlan): TaskStream {
  checkTestLabels(plan.data);
  const chosen = plan.tasks.map((_, index) => chooseSamples(plan, index));
  const restrict: TaskStream['restrict'] =
    plan.scenario === 'task' ? restrictTo(chosen.map(({ classes }) => classes)) : (logits) => logits;
  return streamOf(plan, chosen, restrict);
}

function streamOf(plan: StreamPlan, chosen: readonly Chosen[], restrict: TaskStream['restrict']): TaskStream {
  const { scenario, classNames, labels } = plan;
  return {
    scenario,
    tasks: chosen.map((task, index) => streamTask(task, index, chosen.length, classNames)),
    classes: classNames.length,
    classNames,
    labels,
    restrict,
    joint: (count = chosen.length) => streamOf(plan, [together(chosen.slice(0, count))], restrict),
  };
}

function streamTask(chosen: Chosen, index: number, count: number, classNames: readonly string[]): StreamTask {
  const { name, classes, train, validation, test } = chosen;
  const measured = (selection: Selection, batchSize: number, what: string) =>
    selectionBatches(selection, { batchSize }, `${what} of ${name}`);
  return {
    index,
    count,
    name,
    classes,
    classNames: classes.map((column) => classNames[column] as string),
    samples: { train: train.indices.length, test: test.indices.length, validation: validation.indices.length },
    batches: (batchSize = 64) => plainBatches(train, batchSize),
    train: (batching) => selectionBatches(train, batching, `train of ${name}`),
    test: (batchSize = 256) => measured(test, batchSize, 'test'),
    ...(validation.indices.length > 0 && {
      validation: (batchSize = 256) => measured(validation, batchSize, 'validation'),
    }),
  };
}

function together(chosen: readonly Chosen[]): Chosen {
  const all = (key: 'train' | 'validation' | 'test') => joined(chosen.map((each) => each[key]));
  return {
    name: chosen.length === 1 ? (chosen[0] as Chosen).name : `${chosen.length} tasks together`,
    classes: [...new Set(chosen.flatMap(({ classes }) => classes))],
    train: all('train'),
    validation: all('validation'),
    test: all('test'),
  };
}

function chooseSamples(plan: StreamPlan, index: number): Chosen {
  const { data, columnOf } = plan;
  const { name, labels } = plan.tasks[index] as TaskPlan;
  const transforms = plan.tasks.some(({ transform }) => transform)
    ? plan.tasks.map(({ transform }) => transform)
    : undefined;
  const select = (from: LabelledData, indices: Int32Array): Selection => ({
    data: from,
    indices,
    targets: indices.map((each) => columnOf.get(from.labels[each] as number) as number),
    tasks: new Int32Array(indices.length).fill(index),
    transforms,
  });
  const own = new Set(labels);
  const found = (from: LabelledData) =>
    Int32Array.from([...from.labels.keys()].filter((each) => own.has(from.labels[each] as number)));
  const { train, validation } = heldBack(found(data.train), data.train.labels, plan.validation, plan.seed);
  const test = found(data.test);
  if (test.length === 0) throw emptyClass(name, 'to test on');
  return {
    name,
    classes: [...new Set(labels.map((label) => columnOf.get(label) as number))].sort((a, b) => a - b),
    train: select(data.train, train),
    validation: select(data.train, validation),
    test: select(data.test, test),
  };
}

function checkTestLabels({ train, test }: SplitData): void {
  const trained = new Set(train.labels);
  const place = test.labels.findIndex((label) => !trained.has(label));
  if (place < 0) return;
  throw new TapgradError({
    code: 'LABEL_UNTRAINED',
    message: `test sample ${place} has label ${test.labels[place]}, which no training sample has`,
    fix: 'leave such samples out, or look whether labels of the two sets mean the same',
  });
}

/** The labels that occur, ascending. */
export function labelsIn({ labels }: LabelledData): number[] {
  return [...new Set(labels)].sort((a, b) => a - b);
}
