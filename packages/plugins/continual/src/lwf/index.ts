import { type Batch, batchSize, definePlugin } from '@tapgrad/core';
import { mul } from '@tensorflow/tfjs-core';
import { columns, logitsOf } from '../base/logits.ts';
import { SeenClasses } from '../base/seen-classes.ts';
import { taskOf } from '../base/task-of.ts';
import { Teacher } from '../base/teacher.ts';
import { lwfLoss } from './math.ts';
import { type CheckedLwfOptions, type LwfOptions, lwfOptions } from './options.ts';
import { WarmUp } from './warm-up.ts';

type SeenJson = ReturnType<SeenClasses['json']>;

/**
 * Learning without forgetting (Li and Hoiem 2016, arXiv:1606.09282): on the data of a new task, the outputs of the classes
 * seen before are held to those of the model at the end of the last task. The model gives logits `[batch, classes]`.
 * @throws TapgradError at attach: NO_LINEAR, LWF_HEAD (with a warm-up); at the end of a task: TASK_MISSING; in a step: OUTPUT_KIND
 */
export const lwf = definePlugin<LwfOptions, CheckedLwfOptions>({
  name: 'lwf',
  version: '0.0.0',
  reads: ['weights:task-end', 'head:model', 'output:model', 'parameters:trainable', 'batch:samples'],
  transforms: ['loss:penalty'],
  options: lwfOptions,
  apply(context) {
    const { hooks, name, options } = context;
    if (options.alpha === 0) return;
    const { alpha, variant } = options;
    const ofCode = variant === 'reference-code';
    const loss = { ...options, form: options.form ?? (ofCode ? 'kl' : 'cross-entropy') } as const;
    const seen = new SeenClasses(context);
    const teacher = new Teacher(context, { training: ofCode });
    const warmUp = new WarmUp(context);
    hooks.task.end.tap((ended) => {
      taskOf(ended);
      teacher.take();
    });
    hooks.loss.tap((terms, { batch, outputs, mode }) => {
      if (mode === 'evaluate' || !teacher.exists || seen.old.length === 0) return undefined;
      const of = (logits: unknown) => columns(logitsOf(logits), seen.old);
      const taught = of(teacher.predict(seenByTeacher(batch, options)));
      return { ...terms, [name]: mul(lwfLoss(of(outputs), taught, loss), alpha) };
    });
    return {
      saveState: () => ({ tensors: teacher.tensors(), json: { seen: seen.json(), warmUp: warmUp.json() } }),
      loadState({ tensors, json }) {
        const saved = json as { readonly seen: SeenJson; readonly warmUp: number | null };
        seen.load(saved.seen);
        warmUp.load(saved.warmUp);
        teacher.load(tensors);
      },
    };
  },
});

/** Where a replay has added rows that have no inputs before augmentation, the teacher sees the batch as it is. */
function seenByTeacher({ inputs, unaugmented }: Batch, options: CheckedLwfOptions): unknown {
  if (options.inputs === 'batch' || unaugmented === undefined) return inputs;
  const rows = (of: unknown) => batchSize({ inputs: of as Batch['inputs'] });
  return rows(unaugmented) === rows(inputs) ? unaugmented : inputs;
}
