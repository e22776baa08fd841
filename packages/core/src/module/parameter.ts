import { type DataType, fill, type Tensor, type Variable, variable } from '@tensorflow/tfjs-core';
import { isDataless } from '../dataless.ts';
import { hold, shareBuffer } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';
import { sameShape } from '../rules/broadcast.ts';
import { markParameter } from '../tape/buffer-marks.ts';
import { currentPhase } from '../tape/phase.ts';
import { untaped } from '../tape/recorder.ts';

/** A value that is made when it is first used, so that a model's shapes cost nothing. */
export interface LazyTensor {
  readonly shape: readonly number[];
  make(): Tensor;
}

/** Told by the module that owns the value: lets what is read pass its tap point. */
export type ReadTap = (value: Tensor) => Tensor;

abstract class State {
  /** Set by the module that holds it. */
  onRead: ReadTap | undefined;
  readonly shape: readonly number[];
  private stored: Variable | undefined;

  /** @param initial owned from here on: it is disposed */
  constructor(private initial: Tensor | LazyTensor | undefined) {
    this.shape = initial?.shape ?? [];
    if (initial && !('make' in initial)) this.materialize();
  }

  /** The tfjs variable that stores the value; its buffer is replaced at each `assign`. */
  get variable(): Variable {
    return this.stored ?? this.materialize();
  }

  /** False for a lazy value that nobody asked for yet. */
  get materialized(): boolean {
    return this.stored !== undefined;
  }

  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  get dtype(): DataType {
    return this.stored?.dtype ?? 'float32';
  }

  private materialize(): Variable {
    const { initial } = this;
    if (!initial) throw new TapgradError({ code: 'DISPOSED', message: 'this parameter was disposed' });
    const value = untaped(() => ('make' in initial ? made(initial) : initial));
    if (!sameShape(value.shape, this.shape)) throw shapeError(this.shape, value.shape);
    this.stored = variable(value, false);
    value.dispose();
    this.initial = undefined;
    this.mark(this.stored);
    return this.stored;
  }

  /**
   * Puts another variable of the same shape in the place of the stored one; undefined: none, as before the first use.
   * The one that was there, if any, is the caller's.
   * @internal
   */
  exchange(stored: Variable | undefined): Variable | undefined {
    const before = this.stored;
    this.stored = stored;
    if (stored) this.mark(stored);
    return before;
  }

  protected mark(stored: Variable): void {
    markParameter(stored);
  }

  /** The value as a forward should see it: it passes its tap point. */
  read(): Tensor {
    return this.onRead ? this.onRead(this.variable) : this.variable;
  }

  /** Stores another value of the same shape and dtype; the tensor remains the caller's. */
  assign(value: Tensor): void {
    if (!sameShape(value.shape, this.shape)) throw shapeError(this.shape, value.shape);
    // tfjs frees the old buffer before it takes the new one, even if that is the same.
    if (value.dataId !== this.variable.dataId) this.variable.assign(value);
    this.mark(this.variable);
  }

  dispose(): void {
    this.stored?.dispose();
    this.stored = undefined;
    this.initial = undefined;
  }
}

/** A tensor that may train. */
export class Parameter extends State {
  trainable: boolean;

  constructor(initial: Tensor | LazyTensor, { trainable = true }: { trainable?: boolean } = {}) {
    super(initial);
    this.trainable = trainable;
  }
}

/**
 * A tensor that is part of a module's state and never trains, for example running statistics. In a recomputed segment or
 * a shadow forward `assign` does nothing: what a forward changes, it changes once.
 */
export class BufferTensor extends State {
  override assign(value: Tensor): void {
    if (currentPhase() !== 'forward') return;
    if (journal && !journal.has(this)) journal.set(this, hold(shareBuffer(this.variable)));
    super.assign(value);
  }
}

/** What buffers held before they were changed, so that a step which fails can give it back. */
export type BufferJournal = Map<BufferTensor, Tensor>;

let journal: BufferJournal | undefined;

/** Runs `f`, synchronously, and notes in `into` what the buffers held that it changes. */
export function journaling<T>(into: BufferJournal | undefined, f: () => T): T {
  const around = journal;
  journal = into;
  try {
    return f();
  } finally {
    journal = around;
  }
}

/** Ends a journal: the buffers get back what they held, or keep what they have. */
export function settle(noted: BufferJournal, giveBack: boolean): void {
  for (const [buffer, before] of noted) {
    if (giveBack) buffer.assign(before);
    before.dispose();
  }
  noted.clear();
}

/** The initial value; where there is no data to have, its shape. */
function made(initial: LazyTensor): Tensor {
  return isDataless() ? fill([...initial.shape], 0) : initial.make();
}

function shapeError(expected: readonly number[], actual: readonly number[]): TapgradError {
  return new TapgradError({
    code: 'SHAPE_MISMATCH',
    message: `a parameter of shape [${expected}] was given a value of shape [${actual}]`,
    fix: 'assign a tensor of the same shape',
  });
}
