import { type Tensor, type Variable, zeros } from '@tensorflow/tfjs-core';
import { scoped, shareBuffer } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';
import { markParameter } from './buffer-marks.ts';
import { alias, isVariable, recording } from './recorder.ts';
import { Tape, type TapeOptions } from './tape.ts';

/** Tensors or variables by name, or in a list. */
export type Parameters = readonly Tensor[] | Readonly<Record<string, Tensor>>;

export interface RecordOptions extends Omit<TapeOptions, 'parameters'> {
  readonly parameters: Parameters;
}

/**
 * Runs `f` and records what it computes from the parameters. Any tfjs code may run inside.
 * The caller owns the tape: call `tape.dispose()` when done with it. Nothing is left behind if `f` throws.
 * @throws TapgradError ASYNC_FORWARD if `f` returns a promise: ops of other tasks would be recorded.
 */
export function record<T>(f: (tape: Tape) => T, options: RecordOptions): { value: T; tape: Tape } {
  const tape = new Tape({ ...options, parameters: named(options.parameters) });
  try {
    const value = scoped(() => recording(tape, () => refusePromise(f(tape))));
    return { value, tape };
  } catch (thrown) {
    tape.dispose();
    throw thrown;
  }
}

/**
 * The value of `f`, a scalar, and its gradients with respect to the parameters, in the same structure.
 * A parameter that `f` does not use has a gradient of zeros.
 * @throws TapgradError NOT_TRACKED if `f` depends on no parameter, NOT_SCALAR, ASYNC_FORWARD, RULE_MISSING
 */
export function valueAndGrad<const P extends Parameters>(
  f: () => Tensor,
  parameters: P,
  options: Omit<RecordOptions, 'parameters'> = {},
): { value: Tensor; gradients: { [K in keyof P]: Tensor } } {
  const { value, tape } = record(f, { ...options, parameters });
  try {
    tape.backward(value);
    const gradients = Object.entries(named(parameters)).map(([name, parameter]) => {
      const gradient = tape.gradients.get(name);
      return [name, gradient ? release(gradient) : zeros(parameter.shape)] as const;
    });
    const made = Array.isArray(parameters) ? gradients.map(([, each]) => each) : Object.fromEntries(gradients);
    return { value, gradients: made as { [K in keyof P]: Tensor } };
  } catch (thrown) {
    value.dispose();
    throw thrown;
  } finally {
    tape.dispose();
  }
}

/** The gradients of `f`, a scalar, with respect to the parameters, in the same structure. */
export function grad<const P extends Parameters>(
  f: () => Tensor,
  parameters: P,
  options: Omit<RecordOptions, 'parameters'> = {},
): { [K in keyof P]: Tensor } {
  const { value, gradients } = valueAndGrad(f, parameters, options);
  value.dispose();
  return gradients;
}

/** The same value with its history cut: no gradient goes through it. Shares the buffer. */
export function detach<T extends Tensor>(value: T): T {
  return shareBuffer(value);
}

/** A copy that outlives the tape, in the caller's scope; two parameters may share one buffer as their gradient. */
function release(gradient: Tensor): Tensor {
  const copy = shareBuffer(gradient);
  alias(gradient, copy);
  return copy;
}

function named(parameters: Parameters): Record<string, Tensor> {
  const entries = Object.entries(parameters as Record<string, Tensor>);
  for (const [, each] of entries) if (isVariable(each)) markParameter(each as Variable);
  return Object.fromEntries(entries);
}

function refusePromise<T>(value: T): T {
  if (!isThenable(value)) return value;
  value.then(undefined, () => undefined);
  throw new TapgradError({
    code: 'ASYNC_FORWARD',
    message: 'the function to record returned a promise',
    fix: 'await data before record(); the forward itself must be synchronous',
  });
}

/** Promises of other realms and libraries count as well. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
