import { expectClose, sample } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';

beforeAll(() => useWasm());

describe('complex tensors', () => {
  it.each([1, 2, 3, 5, 8, 12, 17])(
    'the Fourier transform of %i numbers is the sum that defines it, and the inverse undoes it',
    (n) => {
      const [re, im] = [sample([2, n], 're'), sample([2, n], 'im')];
      tf.tidy(() => {
        const z = tf.complex(re.tensor, im.tensor);
        const expected = new Float64Array(4 * n);
        for (let row = 0; row < 2; row++)
          for (let k = 0; k < n; k++)
            for (let j = 0; j < n; j++) {
              const angle = (-2 * Math.PI * j * k) / n;
              const [x, y] = [re.values[row * n + j]!, im.values[row * n + j]!];
              expected[2 * (row * n + k)]! += x * Math.cos(angle) - y * Math.sin(angle);
              expected[2 * (row * n + k) + 1]! += x * Math.sin(angle) + y * Math.cos(angle);
            }
        const transformed = tf.fft(z);
        expectClose(transformed, expected, 1e-5, Math.sqrt(n));
        expectClose(tf.ifft(transformed), z.dataSync(), 1e-5, 1);
      });
      tf.dispose([re.tensor, im.tensor]);
    },
  );

  it('add, subtract, multiply and have a magnitude', () => {
    tf.tidy(() => {
      const [a, b] = [tf.complex([3, 1], [4, 0]), tf.complex([1], [2])];
      expect([...tf.add(a, b).dataSync()]).toEqual([4, 6, 2, 2]);
      expect([...tf.sub(a, b).dataSync()]).toEqual([2, 2, 0, -2]);
      expect([...tf.mul(a, b).dataSync()]).toEqual([-5, 10, 1, 2]);
      expect([...tf.abs(a).dataSync()]).toEqual([5, 1]);
      expect([...tf.real(a).dataSync(), ...tf.imag(a).dataSync()]).toEqual([3, 1, 4, 0]);
      expect([...tf.zerosLike(a).dataSync()]).toEqual([0, 0, 0, 0]);
      expect([...tf.transpose(tf.reshape(tf.complex([1, 2, 3, 4], [5, 6, 7, 8]), [2, 2])).dataSync()]).toEqual([
        1, 5, 3, 7, 2, 6, 4, 8,
      ]);
    });
  });
});
