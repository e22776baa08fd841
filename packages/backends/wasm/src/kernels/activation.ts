import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';

interface Attrs {
  readonly approximate?: 'none' | 'tanh';
}

/** Numbers that assembly/activation.ts knows functions by. */
const kinds = { Gelu: 0, GeluTanh: 1, Silu: 2, HardSwish: 3 } as const;

function registerActivation(name: 'Gelu' | 'Silu' | 'HardSwish'): void {
  const kindOf = ({ approximate }: Attrs): number =>
    kinds[name === 'Gelu' && approximate === 'tanh' ? 'GeluTanh' : name];
  kernel<{ x: TensorInfo }, Attrs>(`tapgrad.${name}`, ({ inputs: { x }, attrs, heap }) => {
    const y = heap.output(x.shape);
    heap.kernels.activation(kindOf(attrs), util.sizeFromShape(x.shape), heap.at(x), heap.at(y));
    return y;
  });
  kernel<{ dy: TensorInfo; x: TensorInfo }, Attrs>(`tapgrad.${name}Grad`, ({ inputs: { dy, x }, attrs, heap }) => {
    const dx = heap.output(x.shape);
    heap.kernels.activationGrad(kindOf(attrs), util.sizeFromShape(x.shape), heap.at(dy), heap.at(x), heap.at(dx));
    return dx;
  });
}

export function registerActivations(): void {
  registerActivation('Gelu');
  registerActivation('Silu');
  registerActivation('HardSwish');
}
