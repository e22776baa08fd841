import { scoped } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';
import type { Batch, LossTerms, StepContext, UpdateContext } from '../hooks/types.ts';
import { settle } from '../module/parameter.ts';
import { untaped } from '../tape/recorder.ts';
import { disposePass, type Pass, rewritten, runMicroBatches } from './pass.ts';
import type { Stack } from './stack.ts';

export interface StepResult {
  /** Number of this update, from 0. */
  readonly step: number;
  /** The summed loss terms, averaged over micro-batches. Read without holding up the device. */
  readonly loss: Promise<number>;
  /** The same, by name of the term. */
  readonly terms: Promise<Readonly<Record<string, number>>>;
}

/** One step, top to bottom: batch, forward and backward, gradients, update. Its end is told even if it fails. */
export async function runStep(stack: Stack<unknown>, batches: readonly Batch[]): Promise<StepResult> {
  const { hooks } = stack;
  const step = stack.step_;
  await hooks.begin.step.call({ step });
  stack.journal = new Map();
  try {
    let pass = await runMicroBatches(stack, batches);
    try {
      pass = { ...pass, gradients: rewrittenOfStep(stack, pass, batches.length) };
      await update(stack, { ...contextOf(stack, batches.length), gradients: pass.gradients });
    } catch (thrown) {
      disposePass(pass);
      throw thrown;
    }
    disposePass({ ...pass, terms: {} });
    stack.step_++;
    stack.claimParameters();
    const terms = read(pass.terms, batches.length);
    return { step, terms, loss: terms.then((all) => Object.values(all).reduce((sum, value) => sum + value, 0)) };
  } finally {
    settle(stack.journal, true);
    stack.journal = undefined;
    await hooks.end.step.call({ step });
  }
}

function rewrittenOfStep(stack: Stack<unknown>, { gradients, byTerm, terms }: Pass, microBatches: number) {
  return rewritten(stack.hooks.gradientsOfStep, gradients, { ...contextOf(stack, microBatches), byTerm, terms });
}

function contextOf(stack: Stack<unknown>, microBatches: number): StepContext {
  return { step: stack.step_, microBatch: microBatches, microBatches, mode: 'train' };
}

async function update(stack: Stack<unknown>, context: UpdateContext): Promise<void> {
  const { hooks } = stack;
  const { optimizer } = stack.options;
  await hooks.beforeUpdate.call(context);
  if (!(hooks.update.used && (await hooks.update.call(context)))) {
    if (!optimizer) {
      throw new TapgradError({
        code: 'OPTIMIZER_MISSING',
        message: 'there is nothing to update the parameters with',
        fix: 'pass an optimizer to attach(), for example adamw() of @tapgrad/train, or a plugin that replaces the update',
      });
    }
    untaped(() => scoped(() => optimizer.step(stack.trainableParameters(), context.gradients)));
  }
  if (stack.journal) settle(stack.journal, false);
  await hooks.afterUpdate.call(context);
}

async function read(terms: LossTerms, count: number): Promise<Record<string, number>> {
  const entries = Object.entries(terms).map(async ([name, term]) => {
    const [value = Number.NaN] = await term.data();
    term.dispose();
    return [name, value / count] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
