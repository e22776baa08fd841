import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';

interface Attrs {
  readonly approximate?: 'none' | 'tanh';
}
type Name = 'gelu' | 'geluTanh' | 'silu' | 'hardSwish';

function registerActivation(kernelName: string, nameFor: (attrs: Attrs) => Name): void {
  kernel<{ x: TensorInfo }, Attrs>(kernelName, ({ inputs: { x }, attrs, heap }) => {
    const y = heap.output(x.shape);
    heap.kernels[nameFor(attrs)](util.sizeFromShape(x.shape), heap.at(x), heap.at(y));
    return y;
  });
  kernel<{ dy: TensorInfo; x: TensorInfo }, Attrs>(`${kernelName}Grad`, ({ inputs: { dy, x }, attrs, heap }) => {
    const dx = heap.output(x.shape);
    heap.kernels[`${nameFor(attrs)}Grad`](util.sizeFromShape(x.shape), heap.at(dy), heap.at(x), heap.at(dx));
    return dx;
  });
}

function registerReluGrad(name: string, ceiling: number): void {
  kernel<{ dy: TensorInfo; y: TensorInfo }>(name, ({ inputs: { dy, y }, heap }) => {
    const dx = heap.output(y.shape);
    heap.kernels.reluGrad(util.sizeFromShape(y.shape), ceiling, heap.at(dy), heap.at(y), heap.at(dx));
    return dx;
  });
}

export function registerActivations(): void {
  registerReluGrad('tapgrad.ReluGrad', Number.POSITIVE_INFINITY);
  registerReluGrad('tapgrad.Relu6Grad', 6);
  registerActivation('tapgrad.Gelu', ({ approximate }) => (approximate === 'tanh' ? 'geluTanh' : 'gelu'));
  registerActivation('tapgrad.Silu', () => 'silu');
  registerActivation('tapgrad.HardSwish', () => 'hardSwish');
}
