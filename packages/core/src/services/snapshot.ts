import { mul, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { hold } from '../engine-seam.ts';
import { entriesOf, isState, type Module } from '../module/module.ts';
import type { BufferTensor, Parameter } from '../module/parameter.ts';
import { untaped } from '../tape/recorder.ts';
import { shadow } from './shadow.ts';

/** A model as it was: parameters, buffers and mode. */
export class Snapshot<In extends readonly unknown[], Out> {
  private readonly values = new Map<Parameter | BufferTensor, Tensor>();
  private readonly modes = new Map<Module<never, unknown>, boolean>();

  /** @param run how its forwards run: without a trace */
  constructor(
    private readonly module: Module<In, Out>,
    private readonly run: typeof shadow = shadow,
  ) {
    for (const each of module.namedModules().values()) {
      this.modes.set(each, each.training);
      for (const [, state] of entriesOf(each, isState)) {
        // tfjs variables get a new buffer at each assign, so that sharing the buffer keeps the value; in-place
        // updates would reach it, hence a real copy.
        if (!this.values.has(state)) this.values.set(state, hold(copyOf(state.variable)));
      }
    }
  }

  /** Forward with the parameters, buffers and mode of the snapshot: no tape, no statistics update, no random draw. */
  call(...inputs: In): Out {
    const restore: (() => void)[] = [];
    for (const [state, value] of this.values) {
      const { onRead } = state;
      state.onRead = () => value;
      restore.push(() => {
        state.onRead = onRead;
      });
    }
    for (const [module, mode] of this.modes) {
      const { training, taps } = module;
      module.training = mode;
      module.taps = undefined;
      restore.push(() => {
        module.training = training;
        module.taps = taps;
      });
    }
    try {
      return this.run(() => this.module.call(...inputs));
    } finally {
      for (const undo of restore) undo();
    }
  }

  /** The tensors that the snapshot keeps. */
  tensors(): Tensor[] {
    return [...this.values.values()];
  }

  dispose(): void {
    for (const value of this.values.values()) value.dispose();
    this.values.clear();
  }
}

/** A tensor with a buffer of its own: tfjs's `clone` shares it, and an update in place would reach both. A product with 1 keeps every bit. */
export function copyOf<T extends Tensor>(value: T): T {
  return untaped(() => tidy(() => mul(value, scalar(1, value.dtype)))) as T;
}
