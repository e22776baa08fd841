import { complex, fft, ifft, imag, mul, real, type Tensor } from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

// The gradient of a complex tensor z is dL/dRe(z) + i dL/dIm(z), of z's dtype, as in PyTorch. The adjoint of the
// Fourier sum is then the sum with the other sign; tfjs's inverse divides by the length of the last axis.

function times(x: Tensor, factor: number): Tensor {
  return complex(mul(real(x), factor), mul(imag(x), factor));
}

rule<'input'>('FFT', {
  inputs: ['input'],
  backward: ({ dy, shapes }) => ({ input: () => times(ifft(dy), shapes.input.at(-1) ?? 1) }),
});

rule<'input'>('IFFT', {
  inputs: ['input'],
  backward: ({ dy, shapes }) => ({ input: () => times(fft(dy), 1 / (shapes.input.at(-1) ?? 1)) }),
});
