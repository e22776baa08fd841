/** Parts of complex numbers. The gradient of a complex value z is dL/dRe z + i · dL/dIm z, as in PyTorch. */
import {
  complex,
  div,
  equal,
  imag,
  mul,
  neg,
  onesLike,
  real,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

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

/** The complex conjugate; a real tensor is its own. */
export function conjugate(z: Tensor): Tensor {
  return z.dtype === 'complex64' ? complex(real(z), neg(imag(z))) : z;
}

/** `-z`, of complex tensors too, for which tfjs's `neg` has no kernel. */
export function negative(z: Tensor): Tensor {
  return z.dtype === 'complex64' ? complex(neg(real(z)), neg(imag(z))) : neg(z);
}
