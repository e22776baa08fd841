import { valueAndGrad } from '@tapgrad/core';
import { gradcheck } from '@tapgrad/testing';
import { dispose, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  prototypeLoss,
  type RelationOptions,
  relationDistillation,
  relationScores,
  supervisedContrast,
} from './math.ts';

const number = (f: () => Tensor) => tidy(() => f().dataSync()[0] as number);
const labels = (...values: number[]) => tensor(values, [values.length], 'int32');

/** Two samples in two views: first views, then second ones. */
const views = () => tensor([1, 0, 0, 1, 0.8, 0.6, -0.6, 0.8], [4, 2]);

describe('the supervised contrastive loss', () => {
  it.each([
    [[0, 1], 0.1, 0.0911140568],
    [[0, 0], 0.1, 7.71016167588],
    [[0, 1], 0.5, 3.07278769],
  ])('of labels %j at temperature %d is %d', (of, temperature, expected) => {
    const loss = number(() => supervisedContrast(views(), labels(...of, ...of), temperature));
    expect(loss).toBeCloseTo(expected, 8);
  });

  it('has the gradient of central differences', () => {
    const given = [views()];
    gradcheck((u) => supervisedContrast(u as Tensor, labels(0, 1, 0, 1), 0.5), given);
    dispose(given);
  });

  it('passes over rows that have no other of their label', () => {
    const alone = number(() => supervisedContrast(views(), labels(0, 1, 0, 2), 0.5));
    expect(alone).toBeGreaterThan(0);
    expect(number(() => supervisedContrast(views(), labels(0, 1, 2, 3), 0.5))).toBeCloseTo(0, 12);
  });
});

describe('relations of samples and prototypes', () => {
  const student = () => [tensor([3, 4, 1, 0], [2, 2]), tensor([1, 0, 0, 2], [2, 2])] as const;
  const teacher = () => [tensor([4, 3, 0, 2], [2, 2]), tensor([2, 0, 1, 1], [2, 2])] as const;
  const distilled = (one: readonly [Tensor, Tensor], other: readonly [Tensor, Tensor], options: RelationOptions) =>
    relationDistillation(relationScores(...one, options), relationScores(...other, options), options);

  const code: RelationOptions = { axis: 'class', temperature: 1, normalizeFeatures: false };
  const paper: RelationOptions = { axis: 'sample', temperature: 0.2, normalizeFeatures: true };

  it('over classes, features as they are, are 0.31187176034 apart', () => {
    expect(number(() => distilled(student(), teacher(), code))).toBeCloseTo(0.31187176034, 10);
  });

  it('over samples, cosines at 0.2, are 1.15354605213 apart', () => {
    expect(number(() => distilled(student(), teacher(), paper))).toBeCloseTo(1.15354605213, 10);
  });

  it.each([code, paper])('are 0 apart from themselves, with a gradient of 0: %j', (options) => {
    tidy(() => {
      const [features, prototypes] = student();
      const { value, gradients } = valueAndGrad(() => distilled([features, prototypes], student(), options), {
        features,
        prototypes,
      });
      expect(value.dataSync()[0]).toBeCloseTo(0, 14);
      for (const gradient of Object.values(gradients)) {
        for (const each of gradient.dataSync()) expect(each).toBeCloseTo(0, 14);
      }
    });
  });

  it.each([code, paper])('have the gradients of central differences: %j', (options) => {
    const given = [...student()];
    gradcheck((h, p) => tidy(() => distilled([h as Tensor, p as Tensor], teacher(), options)), given);
    dispose(given);
  });
});

describe('the prototype loss', () => {
  const features = () => tensor([3, 4, 1, 0], [2, 2]);
  const prototypes = () => tensor([1, 0, 0, 2], [2, 2]);

  it('of the example is 0.7', () => {
    expect(number(() => prototypeLoss(features(), prototypes(), labels(0, 1)))).toBeCloseTo(0.7, 12);
  });

  it('counts labels from that of the first prototype, and passes over others', () => {
    expect(number(() => prototypeLoss(features(), prototypes(), labels(4, 5), 4))).toBeCloseTo(0.7, 12);
    expect(number(() => prototypeLoss(features(), prototypes(), labels(4, 1), 4))).toBeCloseTo(0.4, 12);
    expect(number(() => prototypeLoss(features(), prototypes(), labels(0, 1), 4))).toBe(0);
  });
});
