import type { DataId, DataType, Tensor } from '@tensorflow/tfjs-core';
import type { Attributes } from '../engine-seam.ts';
import type { Rule } from '../rules/registry.ts';
import type { Slot } from './slot.ts';
import type { Tape } from './tape.ts';

/** Looks at a gradient on its way back; what it returns replaces it. */
export type GradientTap = (gradient: Tensor) => Tensor | undefined | void;

/** A value that needs a gradient: a leaf (`node` undefined) or an output of a recorded node. */
export class TrackedValue {
  /** What has come back so far; held by the tape. */
  gradient: Tensor | undefined;
  taps: GradientTap[] | undefined;

  constructor(
    readonly node: TapeNode | undefined,
    readonly output: number,
    readonly shape: readonly number[],
    readonly dtype: DataType,
    /** Name under which the gradient of a leaf is reported. */
    readonly leaf?: string,
  ) {}
}

/** Where an operand's buffer was, for recomputing an output: nothing here keeps the buffer alive. */
export interface OperandSource {
  readonly dataId: DataId;
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** One recorded call of a kernel. */
export interface TapeNode {
  readonly index: number;
  readonly kernel: string;
  readonly rule: Rule;
  readonly attrs: Attributes;
  readonly modulePath: string;
  readonly inputs: Readonly<Record<string, TrackedValue | undefined>>;
  readonly need: Readonly<Record<string, boolean>>;
  outputs: readonly TrackedValue[];
  readonly slots: Record<string, Slot>;
  readonly shapes: Record<string, number[]>;
  readonly dtypes: Record<string, DataType>;
  readonly count: number;
  /** Present for cheap kernels: what is needed to run them again. */
  readonly sources: Readonly<Record<string, OperandSource>> | undefined;
  /** Runs the node again from its operands; output 0. */
  readonly recompute: ((operands: Record<string, Tensor>) => Tensor) | undefined;
  /** Where saved values stand on other tapes that record the same forward: for derivatives of derivatives. */
  elsewhere: { name: string; tape: Tape; place: TrackedValue }[] | undefined;
  released: boolean;
}

/** Frees what a node keeps; a later backward through it is then an error. */
export function releaseNode(node: TapeNode): void {
  node.released = true;
  for (const name in node.slots) node.slots[name]?.release();
}

/** The name of an output in a rule: `y`, `y1`, … */
export function outputName(index: number): string {
  return index === 0 ? 'y' : `y${index}`;
}

export function outputIndex(name: string): number | undefined {
  if (name === 'y') return 0;
  const match = name.startsWith('y') ? /^y(\d*)$/.exec(name) : null;
  return match ? Number(match[1] || 0) : undefined;
}
