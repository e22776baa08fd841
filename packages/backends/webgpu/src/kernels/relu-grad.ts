import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import { elementwise } from './elementwise.ts';

/** `dx = dy` where the output lies between 0 and the ceiling (6, or none), else 0. */
function registerCeiling(kernelName: string, name: string, inside: string): void {
  kernel<{ dy: TensorInfo; y: TensorInfo }>(kernelName, ({ inputs: { dy, y }, gpu }) =>
    elementwise(gpu, y, { name, read: { dy: [dy, 'T'], y: [y, 'T'] }, result: `select(T(0), dy, ${inside})` }),
  );
}

export function registerReluGrad(): void {
  registerCeiling('tapgrad.ReluGrad', 'relu-grad', 'y > T(0)');
  registerCeiling('tapgrad.Relu6Grad', 'relu6-grad', '(y > T(0)) & (y < T(6))');
}
