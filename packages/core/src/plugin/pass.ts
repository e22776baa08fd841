import { add, type Tensor } from '@tensorflow/tfjs-core';
import { hold, scoped } from '../engine-seam.ts';
import type { WaterfallHook } from '../hooks/hook.ts';
import type { BackwardContext, Batch, GradientContext, GradientMap, LossTerms, StepContext } from '../hooks/types.ts';
import { type RandomContext, randomContext, withRandom } from '../random.ts';
import { untaped } from '../tape/recorder.ts';
import { differentiateAsync, disposeAll, forwardAndLoss, markBatch } from './forward.ts';
import type { Stack } from './stack.ts';

/** What forward and backward of one or more micro-batches gave. */
export interface Pass {
  readonly terms: LossTerms;
  readonly gradients: GradientMap;
  readonly byTerm: ReadonlyMap<string, GradientMap>;
}

/** All micro-batches of a step, summed as they come: one set of gradients lives beside that of the current one. */
export async function runMicroBatches(stack: Stack<unknown>, batches: readonly Batch[]): Promise<Pass> {
  let total: Pass = { terms: {}, gradients: new Map(), byTerm: new Map() };
  try {
    for (const [microBatch, given] of batches.entries()) {
      const context: StepContext = { step: stack.step_, microBatch, microBatches: batches.length, mode: 'train' };
      markBatch(stack, given);
      const batch = await stack.hooks.batch.call(given, context);
      if (batch !== given) markBatch(stack, batch);
      total = added(total, await onePass(stack, batch, context));
    }
    return total;
  } catch (thrown) {
    disposePass(total);
    throw thrown;
  }
}

async function onePass(stack: Stack<unknown>, batch: Batch, context: StepContext): Promise<Pass> {
  const random = () => randomContext(stack.seed, context.step, context.microBatch);
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
          const { terms } = forwardAndLoss(stack, batch, context);
          for (const term of Object.values(terms)) hold(term);
          return terms;
        }),
      ),
    );
  const made = await stack.hooks.backward.call({ ...context, batch, evaluate, differentiate });
  return made && { byTerm: new Map(), ...made };
}

/** Lets plugins rewrite gradients; what they replaced is freed. */
export function rewritten(
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

/** The sum of two passes; what was in them now belongs to it. */
function added(a: Pass, b: Pass): Pass {
  const terms = new Set([...a.byTerm.keys(), ...b.byTerm.keys()]);
  const none: GradientMap = new Map();
  return {
    terms: Object.fromEntries(summed(new Map(Object.entries(a.terms)), new Map(Object.entries(b.terms)))),
    gradients: summed(a.gradients, b.gradients),
    byTerm: new Map([...terms].map((name) => [name, summed(a.byTerm.get(name) ?? none, b.byTerm.get(name) ?? none)])),
  };
}

function summed(a: GradientMap, b: GradientMap): Map<string, Tensor> {
  const total = new Map(a);
  for (const [name, tensor] of b) {
    const before = total.get(name);
    total.set(name, before ? hold(add(before, tensor)) : tensor);
    if (!before) continue;
    before.dispose();
    tensor.dispose();
  }
  return total;
}

export function disposePass(pass: Pass): void {
  disposeAll(pass.gradients);
  for (const gradients of pass.byTerm.values()) disposeAll(gradients);
  for (const term of Object.values(pass.terms)) term.dispose();
}
