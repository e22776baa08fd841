import { randomStream, TapgradError } from '@tapgrad/core';

/** How classes are dealt out to tasks. Give exactly one of `tasks`, `classesPerTask` and `groups`. */
export interface ClassGroupOptions {
  /** Number of tasks; where the classes cannot be dealt out evenly, the first tasks get one more. */
  readonly tasks?: number;
  /** The last task gets what is left. */
  readonly classesPerTask?: number;
  /** The labels of each task, in their order. Labels in none of them are left out. */
  readonly groups?: readonly (readonly number[])[];
  /** Of the order of classes; without it they come in the order of their labels. Of `groups` it changes nothing. */
  readonly seed?: number;
}

/**
 * The labels of each task, in order of arrival.
 * @param labels all that there are, ascending
 * @throws TapgradError BAD_OPTION, TASKS_TOO_MANY, CLASS_EMPTY, CLASS_TWICE
 */
export function classGroups(labels: readonly number[], options: ClassGroupOptions): number[][] {
  const { tasks, classesPerTask, groups, seed } = options;
  if ([tasks, classesPerTask, groups].filter((each) => each !== undefined).length !== 1) {
    throw refused(
      'how classes are dealt out is said not at all, or twice',
      'give one of tasks, classesPerTask, groups',
    );
  }
  if (groups) return checkedGroups(groups, labels);
  const order = seed === undefined ? Int32Array.from(labels.keys()) : shuffledPlaces(labels.length, seed);
  const arriving = Array.from(order, (place) => labels[place] as number);
  const counts =
    tasks === undefined ? perTask(arriving.length, count(classesPerTask)) : evenly(arriving.length, count(tasks));
  let from = 0;
  return counts.map((length) => arriving.slice(from, (from += length)));
}

function shuffledPlaces(length: number, seed: number): Int32Array {
  return randomStream(seed, 'class order').permutation(length);
}

function evenly(classes: number, tasks: number): number[] {
  if (tasks > classes) {
    throw new TapgradError({
      code: 'TASKS_TOO_MANY',
      message: `${classes} classes cannot be dealt out to ${tasks} tasks`,
      fix: `ask for ${classes} tasks or fewer`,
    });
  }
  const rest = classes % tasks;
  return Array.from({ length: tasks }, (_, task) => Math.floor(classes / tasks) + (task < rest ? 1 : 0));
}

function perTask(classes: number, each: number): number[] {
  return Array.from({ length: Math.ceil(classes / each) }, (_, task) => Math.min(each, classes - task * each));
}

function checkedGroups(groups: readonly (readonly number[])[], labels: readonly number[]): number[][] {
  const seen = new Set<number>();
  for (const [task, group] of groups.entries()) {
    if (group.length === 0) throw refused(`group ${task} has no label`, 'leave it out');
    for (const label of group) {
      if (seen.has(label)) {
        throw new TapgradError({
          code: 'CLASS_TWICE',
          message: `label ${label} is in two groups`,
          fix: 'a class arrives once; tasks that share classes are a domain stream',
        });
      }
      if (!labels.includes(label)) throw emptyClass(label, 'to train on');
      seen.add(label);
    }
  }
  if (groups.length === 0) throw refused('there are no groups', 'give at least one');
  return groups.map((group) => [...group]);
}

export function emptyClass(label: number | string, what: string): TapgradError {
  return new TapgradError({
    code: 'CLASS_EMPTY',
    message: `there is no sample of ${label} ${what}`,
    fix: 'leave that class out, or give samples of it',
  });
}

function count(value: number | undefined): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw refused(`${value} tasks or classes per task`, 'give a whole number from 1');
}

function refused(message: string, fix: string): TapgradError {
  return new TapgradError({ code: 'BAD_OPTION', message, fix });
}
