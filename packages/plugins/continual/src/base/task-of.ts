import { type LifeCycleContext, TapgradError, type Task } from '@tapgrad/core';

/**
 * The task that begins or ends.
 * @throws TapgradError TASK_MISSING if only its number was told
 */
export function taskOf({ task, index }: LifeCycleContext): Task {
  if (task) return task;
  throw new TapgradError({
    code: 'TASK_MISSING',
    message: `task ${index ?? ''} was told without its classes and data`.replace('  ', ' '),
    fix: "tell it with them: stack.end('task', { index, task })",
  });
}
