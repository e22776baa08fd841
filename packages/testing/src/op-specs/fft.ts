import { complex, fft, ifft, imag, irfft, real, rfft, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { type OpSpec, opSpec } from '../op-spec.ts';

const parts = (z: Tensor): Tensor[] => [real(z), imag(z)];
const inputs = [{ shape: [2, 4] }, { shape: [2, 4] }];
const odd = [{ shape: [1, 3] }, { shape: [1, 3] }];

const forward = opSpec<{ readonly of: 'complex' | 'real' }>({
  kernel: 'FFT',
  run: ([re, im], { of }) => parts(of === 'real' ? rfft(re as Tensor) : fft(complex(re as Tensor, im as Tensor))),
  samples: [
    { inputs, attrs: { of: 'complex' } },
    { inputs: odd, attrs: { of: 'complex' } },
    { inputs: [{ shape: [2, 4] }], attrs: { of: 'real' } },
  ],
  secondOrder: 'zero',
});

const inverse = opSpec<{ readonly of: 'complex' | 'real' }>({
  kernel: 'IFFT',
  run([re, im], { of }) {
    const z = complex(re as Tensor2D, im as Tensor2D);
    return of === 'real' ? irfft(z) : parts(ifft(z));
  },
  samples: [
    { inputs, attrs: { of: 'complex' } },
    { inputs: odd, attrs: { of: 'complex' } },
    { inputs: odd, attrs: { of: 'real' } },
  ],
  secondOrder: 'zero',
});

export const fftSpecs: readonly OpSpec[] = [forward, inverse];
