import { Tensor } from '@tensorflow/tfjs-core';
import { TapgradError } from '../errors.ts';
import { checkpoint } from '../tape/checkpoint.ts';
import type { Module } from './module.ts';

/**
 * A module's forward as one checkpointed segment.
 * @throws TapgradError RECOMPUTED_OUTPUT if it does not give one tensor; CHECKPOINT_CAPTURE
 */
export function runAgainInBackward<In extends readonly unknown[], Out>(module: Module<In, Out>, inputs: In): Out {
  const again = (...tensors: Tensor[]): Tensor => {
    let next = 0;
    const output = module.forward(
      ...(inputs.map((each) => (each instanceof Tensor ? tensors[next++] : each)) as unknown as In),
    );
    if (output instanceof Tensor) return output;
    throw new TapgradError({
      code: 'RECOMPUTED_OUTPUT',
      message: 'a module that is run again in backward must give one tensor',
      modulePath: module.path,
      fix: 'set `recomputed` on modules inside it that do',
    });
  };
  return checkpoint(again, ...inputs.filter((each) => each instanceof Tensor)) as Out;
}
