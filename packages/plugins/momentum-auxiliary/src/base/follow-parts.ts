import {
  type ForwardPass,
  type PluginContext,
  type RememberedScope,
  rememberScope,
  type Tape,
  TapgradError,
} from '@tapgrad/core';
import { Tensor } from '@tensorflow/tfjs-core';
import type { Cut } from './partition.ts';

/** A value that arrives at a cut in a forward that trains. */
export interface Crossing {
  /** What the part before the cut made; the tape tracks it. */
  readonly value: Tensor;
  /** What the block after the cut is given beside it, for example its attention mask. */
  readonly rest: readonly unknown[];
  /** What the model was given. */
  readonly inputs: readonly unknown[];
  readonly pass: ForwardPass;
  readonly tape: Tape;
  readonly training: boolean;
}

interface Forward {
  readonly scope: RememberedScope;
  readonly inputs: readonly unknown[];
  /** Cuts passed so far. */
  passed: number;
}

/**
 * Calls `cross` where a forward that trains crosses a cut; what it returns is what the next block gets. Forwards without a
 * tape (evaluation, `predict`) pass unseen, and so does a part whose parameters are all frozen.
 * @throws TapgradError in forward: LOCAL_ORDER, LOCAL_SKIPPED, LOCAL_VALUE, LOCAL_CROSSING
 */
export function followParts<O>(
  { hooks, pass: running }: PluginContext<O>,
  cuts: readonly Cut[],
  cross: (cut: number, crossing: Crossing) => Tensor,
): void {
  if (cuts.length === 0) return;
  let latest: Forward | undefined;
  // Of a forward that failed there is no end to see; a block that is called by itself afterwards is none of ours.
  const current = () => (latest?.scope.open ? latest : undefined);
  hooks.tap(':input').forward<unknown>((given, { phase }) => {
    const trains = phase === 'forward' && running()?.tape !== undefined;
    latest = trains ? { scope: rememberScope(), inputs: asList(given), passed: 0 } : undefined;
  });
  for (const [number, { block }] of cuts.entries()) {
    hooks.tap(`${block.path}:input`).forward<unknown>((given, { phase, training }) => {
      const [forward, pass] = [current(), running()];
      if (!forward || !pass?.tape || phase !== 'forward') return undefined;
      if (forward.passed++ !== number) throw outOfOrder(block.path, number);
      const [value, ...rest] = asList(given);
      const tape = pass.tape;
      if (!(value instanceof Tensor)) throw notOneTensor(block.path);
      if (rest.some((each) => each instanceof Tensor && tape.tracks(each))) throw crossing(block.path);
      if (!tape.tracks(value)) return undefined;
      const made = cross(number, { value, rest, inputs: forward.inputs, pass, tape, training });
      return Array.isArray(given) ? [made, ...rest] : made;
    });
  }
  hooks.tap(':output').forward<unknown>(() => {
    const passed = current()?.passed;
    latest = undefined;
    if (passed !== undefined && passed < cuts.length) throw skipped((cuts[passed] as Cut).block.path);
  });
}

/**
 * Differentiates a loss of one part while the forward is still running, and frees what the part had saved.
 * @throws TapgradError LOCAL_ASYNC_RESTORE where a saved value would have to be waited for
 */
export function backwardLocally(tape: Tape, ...[y, options]: Parameters<Tape['backward']>): void {
  try {
    tape.backward(y, options);
  } catch (thrown) {
    if (!(thrown instanceof TapgradError) || thrown.code !== 'ASYNC_RESTORE') throw thrown;
    throw new TapgradError({
      code: 'LOCAL_ASYNC_RESTORE',
      message:
        'a saved value comes back asynchronously, and a part is differentiated inside the forward, which cannot wait',
      fix: 'leave out the plugin that moves saved values away; local learning keeps those of one part only',
      cause: thrown,
    });
  }
}

function asList(given: unknown): readonly unknown[] {
  return Array.isArray(given) ? given : [given];
}

function outOfOrder(path: string, number: number): TapgradError {
  return new TapgradError({
    code: 'LOCAL_ORDER',
    message: `block ${path} begins part ${number + 2} of the model, and ran at another place or twice`,
    modulePath: path,
    fix: 'cut before blocks that each forward runs once, in the order in which the model lists them',
  });
}

function skipped(path: string): TapgradError {
  return new TapgradError({
    code: 'LOCAL_SKIPPED',
    message: `the forward ended without block ${path}, before which the model is cut`,
    modulePath: path,
    fix: 'cut before blocks that every forward runs with `call`',
  });
}

function notOneTensor(path: string): TapgradError {
  return new TapgradError({
    code: 'LOCAL_VALUE',
    message: `the first argument of block ${path} is no tensor`,
    modulePath: path,
    fix: 'cut before a block whose first argument is all that the part before it made',
  });
}

function crossing(path: string): TapgradError {
  return new TapgradError({
    code: 'LOCAL_CROSSING',
    message: `block ${path} is given more than one value that trains: a gradient would go around the cut`,
    modulePath: path,
    fix: 'cut where the model is a chain: not between an encoder and a decoder that reads all of it',
  });
}
