import { Complex, ComplexAbs, FFT, IFFT, Imag, Real } from '@tensorflow/tfjs-core';
import { like } from '../register.ts';

export function registerComplex(): void {
  like('real', [Complex], 'complex64');
  like('input', [Real, Imag], 'float32');
  like('x', [ComplexAbs], 'float32');
  like('input', [FFT, IFFT]);
}
