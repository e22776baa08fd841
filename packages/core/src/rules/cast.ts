import { cast, complex, real, type Tensor, zerosLike } from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

rule('Identity', { inputs: ['x'], backward: ({ dy }) => ({ x: () => dy }) });

/** Gradients pass between float32 and complex64 alone: a cast to int32 or bool has none (tfjs lets it through). */
rule('Cast', {
  inputs: ['x'],
  backward: ({ dy, dtypes }) => ({ x: () => castGradient(dy, dtypes.x) }),
});

function castGradient(dy: Tensor, dtype: string): Tensor {
  if (dy.dtype === dtype) return dy;
  return dtype === 'complex64' ? complex(dy, zerosLike(dy)) : cast(real(dy), 'float32');
}
