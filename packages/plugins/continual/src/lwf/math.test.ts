import { record } from '@tapgrad/core';
import { dispose, div, pow, softmax, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { type LwfLossOptions, lwfLoss } from './math.ts';

const teacher = () => tensor([2, 0, -1, 0.5, 1.5, 0], [2, 3]);
const student = () => tensor([1, 0.5, 0, 0, 1, 1], [2, 3]);
const kl: LwfLossOptions = { temperature: 2, form: 'kl', squaredTemperature: false };

it('is the KL divergence of the check, without T²', () => {
  tidy(() => {
    expect(lwfLoss(student(), teacher(), kl).dataSync()[0]).toBeCloseTo(0.07353734265, 10);
    const squared = lwfLoss(student(), teacher(), { ...kl, squaredTemperature: true });
    expect(squared.dataSync()[0]).toBeCloseTo(4 * 0.07353734265, 9);
  });
});

it('softens as the paper does: p^(1/T), made to sum to 1, is softmax(z / T)', () => {
  tidy(() => {
    const roots = pow(softmax(teacher()), 0.5);
    const renormalised = Array.from(div(roots, sum(roots, -1, true)).dataSync());
    for (const [i, value] of softmax(div(teacher(), 2)).dataSync().entries()) {
      expect(value).toBeCloseTo(renormalised[i] ?? 0, 14);
    }
  });
});

it('as cross-entropy differs from KL by the teacher’s own entropy, and has the same gradient', () => {
  const [s, t] = [student(), teacher()];
  const results = (['kl', 'cross-entropy'] as const).map((form) => {
    const { value, tape } = record(() => lwfLoss(s, t, { ...kl, form }), { parameters: { s } });
    tape.backward(value);
    const gradients = tape.takeGradients();
    const result = { loss: value.dataSync()[0] ?? 0, gradient: Array.from((gradients.get('s') as Tensor).dataSync()) };
    tape.dispose();
    dispose([value, ...gradients.values()]);
    return result;
  });
  const entropy = tidy(() => lwfLoss(t, t, { ...kl, form: 'cross-entropy' }).dataSync()[0] ?? 0);
  const [divergence, crossEntropy] = results;
  expect((crossEntropy?.loss ?? 0) - (divergence?.loss ?? 0)).toBeCloseTo(entropy, 12);
  for (const [i, value] of (divergence?.gradient ?? []).entries()) {
    expect(value).toBeCloseTo(crossEntropy?.gradient[i] ?? Number.NaN, 14);
    expect(Math.abs(value)).toBeGreaterThan(1e-3);
  }
  dispose([s, t]);
});
