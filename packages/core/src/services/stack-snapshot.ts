import type { Tensor } from '@tensorflow/tfjs-core';
import { hold } from '../engine-seam.ts';
import type { BufferTensor, Parameter } from '../module/parameter.ts';
import { modelOutputs, shadowOf } from '../plugin/forward.ts';
import type { Stack } from '../plugin/stack.ts';
import { setEvaluationMode } from './evaluation-mode.ts';
import { copyOf } from './snapshot.ts';

export interface StackSnapshotOptions {
  /** Take these values by name, not those of now: what `values` gave, from a checkpoint. They remain the caller's. */
  readonly values?: ReadonlyMap<string, Tensor>;
  /** Run in training mode, without changing statistics; default false. */
  readonly training?: boolean;
}

/** A model with all its plugins as it was: the values of every parameter and buffer. Unlike in a `Snapshot`, taps run. */
export class StackSnapshot {
  /** Copies, by the names of the stack's parameters and buffers. */
  readonly values: ReadonlyMap<string, Tensor>;
  private readonly training: boolean;

  constructor(
    private readonly stack: Stack<unknown>,
    { values, training = false }: StackSnapshotOptions = {},
  ) {
    const now = [...statesOf(stack)].map(([name, { variable }]) => [name, variable] as const);
    this.values = new Map([...(values ?? now)].map(([name, value]) => [name, hold(copyOf(value))]));
    this.training = training;
  }

  /**
   * What the stack gave then: no tape, no statistics update, no random draw. What was added since runs with the values of
   * now. The caller owns the outputs.
   */
  predict(...inputs: unknown[]): unknown {
    const { stack } = this;
    const { pass } = stack;
    const restore: (() => void)[] = [];
    for (const [name, state] of statesOf(stack)) {
      const value = this.values.get(name);
      const { onRead } = state;
      if (!value) continue;
      state.onRead = () => (onRead ? onRead(value) : value);
      restore.push(() => {
        state.onRead = onRead;
      });
    }
    if (!this.training) restore.push(setEvaluationMode(stack.modules()));
    stack.pass = undefined;
    try {
      return shadowOf(stack, () => modelOutputs(stack, inputs));
    } finally {
      stack.pass = pass;
      for (const undo of restore) undo();
    }
  }

  dispose(): void {
    for (const value of this.values.values()) value.dispose();
  }
}

function statesOf(stack: Stack<unknown>): Map<string, Parameter | BufferTensor> {
  const buffers = [stack.model, ...stack.handles].flatMap((each) => [...each.namedBuffers()]);
  return new Map<string, Parameter | BufferTensor>([...stack.namedParameters(), ...buffers]);
}
