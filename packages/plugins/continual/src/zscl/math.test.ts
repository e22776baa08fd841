import { type Parameter, record, valueAndGrad } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { gradcheck } from '@tapgrad/testing';
import { dispose, scalar, type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { distillation, type Embedded, referenceLosses, similarities, squaredDistance } from './math.ts';

const teacher = () => tensor([2, 0, -1, 0.5, 1.5, 0], [2, 3]);
const student = () => tensor([1, 0.5, 0, 0, 1, 1], [2, 3]);
const value = (of: Tensor) => of.dataSync()[0] as number;

function close(actual: ArrayLike<number>, expected: readonly number[], digits: number): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, each] of expected.entries()) expect(actual[i]).toBeCloseTo(each, digits);
}

describe('distillation with T = 2', () => {
  it('has the values of an example, for images and for texts, and the entropy as its floor', () => {
    tidy(() => {
      expect(value(distillation(teacher(), student(), 2))).toBeCloseTo(4.20232864041, 10);
      expect(value(distillation(transpose(teacher()), transpose(student()), 2))).toBeCloseTo(2.60463959768, 10);
      expect(value(distillation(teacher(), teacher(), 2))).toBeCloseTo(3.9081792698, 10);
    });
  });

  it('has the gradient of the example', () => {
    const s = student();
    const made = valueAndGrad(() => distillation(teacher(), s, 2), { s });
    close(made.gradients.s.dataSync(), [-0.20930277, 0.09527194, 0.11403083, -0.05905943, -0.09737253, 0.15643196], 8);
    dispose([s, made.value, made.gradients.s]);
  });

  it('has the gradients that central differences show', () => {
    const [t, s] = [teacher(), student()];
    gradcheck((x) => distillation(t, x, 2), [s]);
    dispose([t, s]);
  });

  it('has no gradient at the teacher itself', () => {
    const s = teacher();
    const made = valueAndGrad(() => distillation(teacher(), s, 2), { s });
    for (const each of made.gradients.s.dataSync()) expect(Math.abs(each)).toBeLessThan(1e-15);
    dispose([s, made.value, made.gradients.s]);
  });
});

describe('the losses of feature space', () => {
  const embedded = (seed: number): Embedded => ({
    image: tensor([1, seed, 0.3, -seed, 0.2, 0.9], [3, 2]),
    text: tensor([0.1, 1, seed, -0.4], [2, 2]),
    scale: scalar(0.7),
  });

  it('are distillations of similarities: over texts for images, over images for texts', () => {
    tidy(() => {
      const [known, own] = [embedded(0.5), embedded(-0.2)];
      const { image, text } = referenceLosses(known, own, { temperature: 2, textTower: true });
      const of = (i: Tensor, t: Tensor) => similarities(i, t, known.scale);
      const target = of(known.image, known.text);
      expect(value(image())).toBe(value(distillation(target, of(own.image, known.text), 2)));
      const turned = transpose(of(known.image, own.text));
      expect(value(text())).toBe(value(distillation(transpose(target), turned, 2)));
      const released = referenceLosses(known, own, { temperature: 2, textTower: false });
      const ofImages = transpose(of(own.image, known.text));
      expect(value(released.text())).toBe(value(distillation(transpose(target), ofImages, 2)));
    });
  });

  it.each([true, false])('train the towers that they should (text tower: %s)', (textTower) => {
    const own = embedded(-0.2);
    const parts = { image: own.image, text: own.text };
    for (const which of ['image', 'text'] as const) {
      const { value: loss, tape } = record(
        () => referenceLosses(embedded(0.5), own, { temperature: 2, textTower })[which](),
        { parameters: parts },
      );
      tape.backward(loss);
      const gradients = tape.takeGradients();
      const trained = [...gradients.keys()];
      expect(trained).toEqual([which === 'text' && textTower ? 'text' : 'image']);
      dispose([loss, ...gradients.values()]);
      tape.dispose();
    }
    dispose(own as never);
  });
});

describe('the way from the start', () => {
  it('is the sum of squares over all elements, not the mean', () => {
    tidy(() => {
      const parameters = new Map([
        ['a', { variable: tensor([1, 2, 3]) }],
        ['b', { variable: scalar(5) }],
        ['new', { variable: scalar(100) }],
      ]) as unknown as Map<string, Parameter>;
      const starts = new Map<string, Tensor>([
        ['a', tensor([0, 2, 1])],
        ['b', scalar(2)],
      ]);
      expect(value(squaredDistance(parameters, starts))).toBe(1 + 4 + 9);
      expect(value(squaredDistance(parameters, new Map()))).toBe(0);
    });
  });
});

describe('the loss of the task', () => {
  it('is smoothed as published', () => {
    tidy(() => {
      const loss = crossEntropy(tensor([2, 0, -1], [1, 3]), tensor([0], [1], 'int32'), { labelSmoothing: 0.2 });
      expect(value(loss)).toBeCloseTo(0.50317935289, 10);
    });
  });
});
