import { addN, Tensor } from '@tensorflow/tfjs-core';
import { hold, shareBuffer } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';
import type { Batch, GradientMap, LossTerms, StepContext } from '../hooks/types.ts';
import { journaling, type Parameter } from '../module/parameter.ts';
import { activeRandom, randomContext, withoutSharedRandom, withRandom } from '../random.ts';
import { rememberScope } from '../remembered-scope.ts';
import { setEvaluationMode } from '../services/evaluation-mode.ts';
import { shadow } from '../services/shadow.ts';
import { markBatchInput } from '../tape/buffer-marks.ts';
import { record } from '../tape/gradients.ts';
import { mapTensors } from '../tape/saved-buffer.ts';
import type { Tape } from '../tape/tape.ts';
import { currentWhere } from '../tape/where.ts';
import type { TaskTerms } from './context.ts';
import type { Stack } from './stack.ts';

/** The model's output for a list of arguments, or for one tensor. */
export function modelOutputs(stack: Stack<unknown>, inputs: Batch['inputs']): unknown {
  const list = inputs instanceof Tensor ? [inputs] : inputs;
  const restoreModes = keepModes(stack);
  try {
    return journaling(stack.journal, () => stack.model.call(...list));
  } finally {
    restoreModes();
  }
}

/** Runs `f` with draws of the stack's seed and step, not with the process's; in a forward that runs already, draws go on. */
export function drawing<T>(stack: Stack<unknown>, f: () => T, microBatch = 0): T {
  return withoutSharedRandom(randomContext(stack.seed, stack.step_, microBatch), f);
}

/** `shadow` with such draws. */
export function shadowOf<T>(stack: Stack<unknown>, f: () => T, microBatch?: number): T {
  return drawing(stack, () => shadow(f), microBatch);
}

/**
 * Puts what plugins keep in evaluation mode there, and has run again what they say. In backward as well: a checkpointed
 * segment runs again as it ran.
 */
function keepModes(stack: Stack<unknown>): () => void {
  const enabled = stack.handles.filter((handle) => handle.enabled);
  const recomputed = enabled.flatMap((handle) => handle.recomputed).filter((module) => !module.recomputed);
  const restoreModes = setEvaluationMode(enabled.flatMap((handle) => handle.inEvaluation));
  for (const module of recomputed) module.recomputed = true;
  return () => {
    for (const module of recomputed) module.recomputed = false;
    restoreModes();
  };
}

/** Says of every tensor in the batch that it is the caller's: it is not packed, and counted by itself. */
export function markBatch(stack: Stack<unknown>, batch: Batch): void {
  mapTensors(batch, (tensor) => {
    markBatchInput(tensor);
    stack.ledger.claim(tensor, 'batch');
    return tensor;
  });
}

/** Forward of one batch, and its loss terms with the `loss` hook. Plugins see meanwhile what is running: `context.pass()`. */
export function forwardAndLoss(
  stack: Stack<unknown>,
  batch: Batch,
  context: StepContext,
  {
    tape,
    weight = 1,
    terms: own,
    outputsOnly = false,
  }: {
    readonly tape?: Tape;
    readonly weight?: number | undefined;
    readonly terms?: TaskTerms | undefined;
    readonly outputsOnly?: boolean | undefined;
  } = {},
): { readonly outputs: unknown; readonly terms: LossTerms } {
  const around = stack.pass;
  stack.pass = { ...context, batch, tape, weight, scope: rememberScope() };
  try {
    const outputs = modelOutputs(stack, batch.inputs);
    if (outputsOnly) return { outputs, terms: {} };
    const task = stack.options.loss(outputs, batch);
    if (own) return { outputs, terms: checked(own({ task }, { outputs, batch })) };
    const forward = (...inputs: unknown[]) => modelOutputs(stack, inputs);
    const taskLoss = (...of: [unknown, Batch]) => stack.options.loss(...of);
    const terms = checked(stack.hooks.loss.call({ task }, { ...context, batch, outputs, tape, forward, taskLoss }));
    return { outputs, terms };
  } finally {
    stack.pass = around;
  }
}

/** The user's own loss, and nothing else. */
export const unchanged: TaskTerms = (terms) => terms;

export function totalOf(terms: LossTerms): Tensor {
  const all = Object.values(terms);
  return all.length === 1 ? (all[0] as Tensor) : addN(all);
}

function checked(terms: LossTerms): LossTerms {
  for (const [name, term] of Object.entries(terms)) {
    if (term instanceof Tensor && term.size === 1) continue;
    throw new TapgradError({
      code: 'LOSS_NOT_SCALAR',
      message: `loss term ${name} is ${term instanceof Tensor ? `of shape [${term.shape}]` : 'not a tensor'}`,
      hook: 'loss',
      fix: 'reduce each term to a scalar, for example with tf.mean',
    });
  }
  return terms;
}

export interface DifferentiateOptions {
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly context?: StepContext;
  /** Share of this micro-batch in the step's gradient. */
  readonly weight?: number;
  /** The `loss` hook is not asked, but this, for what is added to the user's own loss. */
  readonly terms?: TaskTerms;
}

interface Recorded {
  readonly terms: LossTerms;
  readonly tape: Tape;
  readonly total: Tensor;
}

function recordLoss(stack: Stack<unknown>, batch: Batch, options: DifferentiateOptions): Recorded {
  const { parameters, context, weight, terms: own } = options;
  const { hooks, ledger } = stack;
  const at = context ?? { step: stack.step_, microBatch: 0, microBatches: 1, mode: 'train' };
  const watched = Object.fromEntries([...parameters].map(([name, parameter]) => [name, parameter.variable]));
  const { value, tape } = record(
    (tape) => {
      const { terms } = forwardAndLoss(stack, batch, at, { tape, weight, terms: own });
      return { terms, total: totalOf(terms) };
    },
    {
      parameters: watched,
      derivedSlots: stack.options.derivedSlots ?? true,
      plan: hooks.save.used ? (plan, request) => hooks.save.call(plan, request) : undefined,
      owner: () => currentWhere().owner,
      onSaved: (dataId) => ledger.claim(dataId, 'saved'),
      onReleased: (dataId) => ledger.claim(dataId, 'transient'),
      onGradient: (dataId) => ledger.claim(dataId, 'gradients'),
    },
  );
  // The step may wait for other tasks; their tfjs scopes must not take these.
  for (const term of [...Object.values(value.terms), value.total]) hold(term);
  return { ...value, tape };
}

/** Loss terms and gradients; the caller owns them. */
export interface DifferentiatedBatch {
  readonly terms: LossTerms;
  readonly gradients: GradientMap;
}

/** Forward and backpropagation of one batch. */
export function differentiate(stack: Stack<unknown>, batch: Batch, options: DifferentiateOptions): DifferentiatedBatch {
  const { tape, terms, total } = recordLoss(stack, batch, options);
  const restoreModes = keepModes(stack);
  try {
    if (!finished(tape, total)) tape.backward(total, { scale: options.weight ?? 1 });
    return { terms: held(terms), gradients: tape.takeGradients() };
  } finally {
    restoreModes();
    discard(tape, terms, total);
  }
}

/** As `differentiate`, for saved values that come back late, and with the gradients of single terms where asked for. */
export async function differentiateAsync(
  stack: Stack<unknown>,
  batch: Batch,
  options: DifferentiateOptions,
): Promise<DifferentiatedBatch & { readonly byTerm: ReadonlyMap<string, GradientMap> }> {
  const { tape, terms, total } = recordLoss(stack, batch, options);
  const byTerm = new Map<string, GradientMap>();
  const scale = options.weight ?? 1;
  const restoreModes = keepModes(stack);
  const random = activeRandom();
  // Only plugins of the `save` hook can make restoring asynchronous.
  const backward = stack.hooks.save.used
    ? (y: Tensor, retain: boolean) => withRandom(random, () => tape.backwardAsync(y, { scale, retain }))
    : (y: Tensor, retain: boolean) => withRandom(random, () => tape.backward(y, { scale, retain }));
  try {
    const local = tape.takeGradients();
    const only = Object.keys(terms).length === 1 && local.size === 0;
    for (const name of stack.keptApart.keys()) {
      const term = terms[name];
      if (only || !term || !tape.tracks(term)) continue;
      await backward(term, true);
      byTerm.set(name, tape.takeGradients());
    }
    tape.giveGradients(local);
    if (!finished(tape, total)) await backward(total, false);
    const gradients = tape.takeGradients();
    // The gradients of the only term are those of the whole: no second backward.
    if (only) for (const name of stack.keptApart.keys()) if (terms[name]) byTerm.set(name, shared(gradients));
    return { terms: held(terms), gradients, byTerm };
  } catch (thrown) {
    for (const gradients of byTerm.values()) disposeAll(gradients);
    throw thrown;
  } finally {
    restoreModes();
    discard(tape, terms, total);
  }
}

function shared(gradients: GradientMap): GradientMap {
  return new Map([...gradients].map(([name, gradient]) => [name, hold(shareBuffer(gradient))]));
}

export function disposeAll(gradients: GradientMap): void {
  for (const gradient of gradients.values()) gradient.dispose();
}

/** Local losses may have been differentiated while the forward ran, with nothing left for the end. */
function finished(tape: Tape, total: Tensor): boolean {
  return tape.gradients.size > 0 && !tape.tracks(total);
}

function held(terms: LossTerms): LossTerms {
  return Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, hold(shareBuffer(term))]));
}

function discard(tape: Tape, terms: LossTerms, total: Tensor): void {
  tape.dispose();
  for (const term of new Set([...Object.values(terms), total])) term.dispose();
}
