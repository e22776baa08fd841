import type { Tensor } from '@tensorflow/tfjs-core';
import type { Parameter } from '../module/parameter.ts';

/** What the stack asks of an optimizer. `@tapgrad/train` has SGD, Adam and AdamW. */
export interface Optimizer {
  learningRate: number;
  /** Updates each parameter that has a gradient. State is kept by parameter name. */
  step(parameters: ReadonlyMap<string, Parameter>, gradients: ReadonlyMap<string, Tensor>): void;
  /** State tensors by name, for example `layers.0.weight/m`: the live tensors, for checkpoints and the ledger. */
  state(): ReadonlyMap<string, Tensor>;
  /** What is not a tensor: step counts and the like. */
  counters(): Readonly<Record<string, number>>;
  loadState(tensors: ReadonlyMap<string, Tensor>, counters: Readonly<Record<string, number>>): void;
  dispose(): void;
}
