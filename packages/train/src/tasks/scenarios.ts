import { TapgradError } from '@tapgrad/core';
import { type ClassGroupOptions, classGroups, emptyClass } from './class-groups.ts';
import { labelsIn, makeStream, type SplitData } from './make-stream.ts';
import type { Scenario, TaskStream } from './task-stream.ts';

export interface ClassStreamOptions extends ClassGroupOptions {
  /** Name of each label, `classNames[label]`; default: the label itself. */
  readonly classNames?: readonly string[];
  /** Name of each task; default: those of its classes. */
  readonly taskNames?: readonly string[];
  /** Share of every class's training samples held back to choose options by, chosen by `seed` too; default 0. */
  readonly validation?: number;
}

/**
 * Tasks with classes of their own; at test all classes seen so far compete.
 * @throws TapgradError BAD_OPTION, TASKS_TOO_MANY, CLASS_EMPTY, CLASS_TWICE, LABEL_UNTRAINED
 */
export function classIncremental(data: SplitData, options: ClassStreamOptions): TaskStream {
  return classStream('class', data, options);
}

/**
 * Tasks with classes of their own; at test the task of a sample is known, and `restrict` leaves its classes alone.
 * Throws as `classIncremental`.
 */
export function taskIncremental(data: SplitData, options: ClassStreamOptions): TaskStream {
  return classStream('task', data, options);
}

function classStream(scenario: Scenario, data: SplitData, options: ClassStreamOptions): TaskStream {
  const labels = labelsIn(data.train);
  checkNames(labels, options.classNames);
  const groups = classGroups(labels, options);
  const arriving = groups.flat();
  const nameOf = (label: number) => options.classNames?.[label] ?? String(label);
  return makeStream({
    scenario,
    data,
    tasks: groups.map((group, index) => ({
      name: taskName(options.taskNames, index, groups.length) ?? listed(group.map(nameOf)),
      labels: group,
    })),
    columnOf: new Map(arriving.map((label, column) => [label, column])),
    classNames: arriving.map(nameOf),
    labels: arriving,
    validation: options.validation ?? 0,
    seed: options.seed ?? 0,
  });
}

/** Throws CLASS_EMPTY for a name without samples, BAD_OPTION for a label without a name. */
export function checkNames(labels: readonly number[], names: readonly string[] | undefined): void {
  if (!names) return;
  const nameless = labels.find((label) => names[label] === undefined);
  if (nameless !== undefined) {
    throw new TapgradError({
      code: 'BAD_OPTION',
      message: `classNames has ${names.length} names, and label ${nameless} occurs`,
      fix: 'give a name for each label, classNames[label]',
    });
  }
  const empty = names.findIndex((_, label) => !labels.includes(label));
  if (empty >= 0) throw emptyClass(`${names[empty]} (label ${empty})`, 'to train on');
}

/** Throws BAD_OPTION where there are more or fewer names than tasks. */
export function taskName(names: readonly string[] | undefined, index: number, tasks: number): string | undefined {
  if (!names || names.length === tasks) return names?.[index];
  throw new TapgradError({
    code: 'BAD_OPTION',
    message: `there are ${tasks} tasks and ${names.length} taskNames`,
    fix: 'give one name for each task',
  });
}

/** A few names in full, many by the first and the last. */
export function listed(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names[0]} … ${names.at(-1)}`;
}
