import type { Module } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ResidualNetwork } from './cnn/modules.ts';
import type { NetworkTask } from './task.ts';
import { Encoder } from './transformer/modules.ts';

/** A task's network from the layers of `@tapgrad/nn`; its weights are not yet those of the task. */
export function moduleOf(task: NetworkTask): Module<[inputs: Tensor]> {
  return task.network === 'cnn' ? new ResidualNetwork(task.sizes) : new Encoder(task.sizes);
}
