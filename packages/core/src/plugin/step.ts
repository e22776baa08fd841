import { add, type Tensor } from '@tensorflow/tfjs-core';
import { hold, scoped } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';
import type { WaterfallHook } from '../hooks/hook.ts';
import type {
  BackwardContext,
  Batch,
  GradientContext,
  GradientMap,
  LossTerms,
  StepContext,
  UpdateContext,
} from '../hooks/types.ts';
import { type RandomContext, randomContext, withRandom } from '../random.ts';
import { untaped } from '../tape/recorder.ts';
import { differentiateAsync, disposeAll, lossTerms, markBatch, modelOutputs } from './forward.ts';
import type { Stack } from './stack.ts';

export interface StepResult {
  /** Number of this update, from 0. */
  readonly step: number;
  /** The summed loss terms, averaged over micro-batches. Read without holding up the device. */
  readonly loss: Promise<number>;
  /** The same, by name of the term. */
  readonly terms: Promise<Readonly<Record<string, number>>>;
}

interface Pass {
  readonly terms: LossTerms;
  readonly gradients: GradientMap;
  readonly byTerm: ReadonlyMap<string, GradientMap>;
}

/** One step, top to bottom: batch, forward and backward, gradients, update. */
export async function runStep(stack: Stack<unknown>, batches: readonly Batch[]): Promise<StepResult> {
  const { hooks } = stack;
  const step = stack.step_;
  await hooks.begin.step.call({ step });
  const passes = await microBatches(stack, batches);
  const context: StepContext = { step, microBatch: batches.length, microBatches: batches.length, mode: 'train' };
  let gradients = summedMaps(passes.map((pass) => pass.gradients));
  const byTerm = summedTerms(passes);
  const terms = summedLosses(passes);
  try {
    gradients = rewritten(hooks.gradientsOfStep, gradients, { ...context, byTerm, terms });
    await update(stack, { ...context, gradients });
  } catch (thrown) {
    disposeAll(new Map(Object.entries(terms)));
    throw thrown;
  } finally {
    disposeAll(gradients);
    for (const each of byTerm.values()) disposeAll(each);
  }
  stack.step_++;
  stack.claimParameters();
  const values = read(terms, batches.length);
  await hooks.end.step.call({ step });
  return { step, terms: values, loss: values.then((all) => Object.values(all).reduce((sum, value) => sum + value, 0)) };
}

async function microBatches(stack: Stack<unknown>, batches: readonly Batch[]): Promise<Pass[]> {
  const passes: Pass[] = [];
  try {
    for (const [microBatch, given] of batches.entries()) {
      const context: StepContext = { step: stack.step_, microBatch, microBatches: batches.length, mode: 'train' };
      markBatch(stack, given);
      const batch = await stack.hooks.batch.call(given, context);
      if (batch !== given) markBatch(stack, batch);
      passes.push(await onePass(stack, batch, context));
    }
    return passes;
  } catch (thrown) {
    for (const pass of passes) disposePass(pass);
    throw thrown;
  }
}

async function onePass(stack: Stack<unknown>, batch: Batch, context: StepContext): Promise<Pass> {
  const random = () => randomContext(stack.seed, context.step * context.microBatches + context.microBatch);
  // The forward is synchronous: the context is needed until the first wait only.
  const differentiate = () =>
    withRandom(random(), () =>
      differentiateAsync(stack, batch, {
        parameters: stack.trainableParameters(),
        context,
        weight: 1 / context.microBatches,
      }),
    );
  const replaced = stack.hooks.backward.used
    ? await replacement(stack, batch, context, random, differentiate)
    : undefined;
  const pass = replaced ?? (await differentiate());
  try {
    const told: GradientContext = { ...context, byTerm: pass.byTerm, terms: pass.terms };
    return { ...pass, gradients: rewritten(stack.hooks.gradientsOfMicroBatch, pass.gradients, told) };
  } catch (thrown) {
    disposePass(pass);
    throw thrown;
  }
}

async function replacement(
  stack: Stack<unknown>,
  batch: Batch,
  context: StepContext,
  random: () => RandomContext,
  differentiate: BackwardContext['differentiate'],
): Promise<Pass | undefined> {
  const evaluate = () =>
    withRandom(random(), () =>
      untaped(() =>
        scoped(() => {
          const terms = lossTerms(stack, batch, modelOutputs(stack, batch.inputs), context);
          for (const term of Object.values(terms)) hold(term);
          return terms;
        }),
      ),
    );
  const made = await stack.hooks.backward.call({ ...context, batch, evaluate, differentiate });
  return made && { byTerm: new Map(), ...made };
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
  await hooks.afterUpdate.call(context);
}

/** Lets plugins rewrite gradients; what they replaced is freed. */
function rewritten(
  hook: WaterfallHook<GradientMap, GradientContext>,
  gradients: GradientMap,
  context: GradientContext,
): GradientMap {
  if (!hook.used) return gradients;
  const made = scoped(() => {
    const result = untaped(() => hook.call(gradients, context));
    for (const gradient of result.values()) hold(gradient);
    return result;
  });
  const kept = new Set(made.values());
  for (const gradient of gradients.values()) if (!kept.has(gradient)) gradient.dispose();
  return made;
}

/** The sum of maps by name. Takes ownership of what is in them. */
function summedMaps(maps: readonly GradientMap[]): GradientMap {
  const total = new Map<string, Tensor>();
  for (const map of maps) {
    for (const [name, gradient] of map) {
      const before = total.get(name);
      total.set(name, before ? hold(add(before, gradient)) : gradient);
      before?.dispose();
      if (before) gradient.dispose();
    }
  }
  return total;
}

function summedTerms(passes: readonly Pass[]): Map<string, GradientMap> {
  const names = new Set(passes.flatMap((pass) => [...pass.byTerm.keys()]));
  return new Map(
    [...names].map((name) => [name, summedMaps(passes.map((pass) => pass.byTerm.get(name) ?? new Map()))]),
  );
}

function summedLosses(passes: readonly Pass[]): LossTerms {
  return Object.fromEntries(summedMaps(passes.map((pass) => new Map(Object.entries(pass.terms)))));
}

async function read(terms: LossTerms, count: number): Promise<Record<string, number>> {
  const entries = Object.entries(terms).map(async ([name, term]) => {
    const [value = Number.NaN] = await term.data();
    term.dispose();
    return [name, value / count] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function disposePass(pass: Pass): void {
  disposeAll(pass.gradients);
  for (const gradients of pass.byTerm.values()) disposeAll(gradients);
  for (const term of Object.values(pass.terms)) term.dispose();
}
