import { definePlugin, type LifeCycleContext, TapgradError, type Task } from '@tapgrad/core';
import { keep, Tensor } from '@tensorflow/tfjs-core';
import { Arrivals } from './arrivals.ts';
import { Memory } from './memory.ts';
import { type CheckedMemoryOptions, type MemoryOptions, memoryOptions } from './options.ts';
import { setMemory } from './replay-memory.ts';
import { ownBuffer } from './rows.ts';
import { herd, takeTaskBatch } from './task-samples.ts';

/**
 * Keeps samples of the batches that were trained with, for plugins that replay them: `memoryOf(model)` gives them.
 *
 * The rows of a batch enter when the step has updated, as the batch came: before augmentation where `batch.unaugmented` says so,
 * and without rows that other plugins added. Every tensor whose first axis counts samples is kept. A step that fails leaves the
 * memory as it was. With herding, samples of a task enter at its end.
 * @throws TapgradError MEMORY_LABELS, MEMORY_BUDGET, MEMORY_TASK, MEMORY_FEATURES, REPLAY_SHAPES
 */
export const memory = definePlugin<MemoryOptions, CheckedMemoryOptions>({
  name: 'memory',
  version: '0.0.0',
  writes: ['memory'],
  before: ['er?', 'prd?'],
  options: memoryOptions,
  apply(context) {
    const { hooks, options, model, random } = context;
    const memory = new Memory(context, options);
    const arrivals = new Arrivals(memory);
    if (options.policy === 'herding' || options.policy === 'task-batch') takeAtTaskEnd();
    else {
      hooks.batch.tap((batch, { mode, microBatch }) => {
        if (mode === 'train') arrivals.expect(microBatch, batch);
      });
      hooks.loss.tap((_, loss) => {
        if (loss.mode === 'train') arrivals.compute(loss);
      });
      hooks.update.after.tap(async () => {
        try {
          await arrivals.enter(random);
        } finally {
          arrivals.forget();
        }
      });
      // A step that failed has not come to its update.
      hooks.step.end.tap(() => arrivals.forget());
    }
    setMemory(model, memory);
    return {
      saveState: () => memory.saveState(),
      loadState: (state) => memory.loadState(state),
      dispose() {
        setMemory(model, undefined);
        arrivals.forget();
        memory.clear();
      },
    };

    function takeAtTaskEnd(): void {
      let watching = false;
      let passed: Tensor | undefined;
      if (options.features !== undefined) {
        hooks.tap(options.features).forward<unknown>((value) => {
          if (!watching || !(value instanceof Tensor)) return;
          // The model frees what it no longer needs before its forward ends.
          passed?.dispose();
          passed = keep(ownBuffer(value));
        });
      }
      const features = (run: () => void): Tensor | undefined => {
        watching = true;
        passed = undefined;
        try {
          run();
          return passed;
        } finally {
          watching = false;
        }
      };
      hooks.task.end.tap(async (told) => {
        const task = taskOf(told);
        if (options.policy === 'herding') await herd(memory, context, task, features);
        else await takeTaskBatch(memory, context, task, options.taskBatch);
      });
    }
  },
});

function taskOf({ task }: LifeCycleContext): Task {
  if (task) return task;
  throw new TapgradError({
    code: 'MEMORY_TASK',
    message: 'this memory takes its samples from the task that ends, and was not told which',
    fix: "end it with stack.end('task', { index, task }), or use memory({ policy: 'reservoir' })",
  });
}
