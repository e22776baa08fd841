import type { Module, Plugin } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

export type Classifier = Module<[inputs: Tensor]>;

/** Plugins with options of their own. */
export interface Candidate {
  /** The options in words, as they are published: `lambda 100`. */
  readonly settings: string;
  plugins(): readonly (Plugin | readonly Plugin[])[];
}

/** One way to learn task after task. */
export interface Method {
  readonly name: string;
  /** All tasks are learnt at once: the upper bound. */
  readonly joint?: boolean;
  /** One of several is chosen on images that the test never shows. */
  readonly candidates: readonly [Candidate, ...Candidate[]];
}

/** A method whose options are not chosen. */
export function fixed(name: string, settings: string, plugins: Candidate['plugins'] = () => []): Method {
  return { name, candidates: [{ settings, plugins }] };
}

/** A method with one option that is chosen. */
export function choosing<Value>(
  name: string,
  values: readonly [Value, ...Value[]],
  of: (value: Value) => Candidate,
): Method {
  return { name, candidates: values.map(of) as [Candidate, ...Candidate[]] };
}
