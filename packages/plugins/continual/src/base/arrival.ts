import { TapgradError, type Task } from '@tapgrad/core';

/**
 * The classes of a task that a head has no columns for yet, ascending: they must be numbered on from its columns.
 * @param columns number of columns that there are
 * @throws TapgradError HEAD_CLASSES
 */
export function arrivingClasses(task: Pick<Task, 'name' | 'classes'>, columns: number): number[] {
  const arriving = [...new Set(task.classes)].filter((label) => label >= columns).sort((a, b) => a - b);
  if (arriving.every((label, i) => label === columns + i)) return arriving;
  throw new TapgradError({
    code: 'HEAD_CLASSES',
    message: `task ${task.name} brings classes ${arriving.join(', ')}, and the head has ${columns} columns: the next class must be ${columns}`,
    fix: 'number classes in the order in which they arrive, as the task streams of @tapgrad/train do',
  });
}
