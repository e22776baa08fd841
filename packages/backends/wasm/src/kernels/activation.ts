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

export function registerActivations(): void {
  registerActivation('tapgrad.Gelu', ({ approximate }) => (approximate === 'tanh' ? 'geluTanh' : 'gelu'));
  registerActivation('tapgrad.Silu', () => 'silu');
  registerActivation('tapgrad.HardSwish', () => 'hardSwish');
}
