/** Copies, casts and the parts of complex numbers. The gradient of a complex value z is dL/dRe z + i · dL/dIm z. */
import {
  cast,
  complex,
  div,
  equal,
  imag,
  mul,
  onesLike,
  real,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
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

rule('Complex', {
  inputs: ['real', 'imag'],
  backward: ({ dy }) => ({ real: () => real(dy), imag: () => imag(dy) }),
});

rule('Real', { inputs: ['input'], backward: ({ dy }) => ({ input: () => complex(dy, zerosLike(dy)) }) });

rule('Imag', { inputs: ['input'], backward: ({ dy }) => ({ input: () => complex(zerosLike(dy), dy) }) });

/** `dz = dy · z / |z|`, and 0 at z = 0. */
rule('ComplexAbs', {
  inputs: ['x'],
  saves: () => ['x', 'y'],
  backward: ({ dy, saved }) => ({
    x: () => {
      const scale = div(dy, where(equal(saved.y, 0), onesLike(saved.y), saved.y));
      return complex(mul(scale, real(saved.x)), mul(scale, imag(saved.x)));
    },
  }),
});
