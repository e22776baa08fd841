import {
  aGem,
  der,
  derpp,
  er,
  ewc,
  featureDistillation,
  fpf,
  kFpf,
  lingoCL,
  lwf,
  memory,
  onlineEwc,
  prd,
  si,
} from '@tapgrad/continual';
import { composeAugmentations, randomCrop, randomFlip } from '@tapgrad/train';
import { choosing, fixed, type Method } from '../experiment/method.ts';
import { classVectors } from './class-vectors.ts';
import type { ModelName } from './models.ts';

/** Images in memory: two in a hundred of the training images. */
export const memorySamples = 200;

/** A pixel along either axis, and mirrored or not. */
const view = composeAugmentations(randomCrop({ padding: 1 }), randomFlip());

const replay = () => memory({ samples: memorySamples });

/** What is compared on a model, bounds first. */
export function fashionMethods(model: ModelName): readonly Method[] {
  // Convolutions with batch norm diverge at importances that the perceptron bears, and take three times as long.
  const of = <Value>(mlp: readonly [Value, ...Value[]], resnet: readonly [Value, ...Value[]]) =>
    model === 'mlp' ? mlp : resnet;
  const head = model === 'mlp' ? 'head' : 'fc';
  return [
    fixed('finetune', ''),
    { name: 'joint', joint: true, candidates: [{ settings: '', plugins: () => [] }] },
    choosing('lwf', of([1, 3, 10], [1, 10]), (alpha) => ({
      settings: `alpha ${alpha}`,
      plugins: () => [lwf({ alpha })],
    })),
    choosing('feature-distillation', of([1, 10, 100], [1, 10]), (alpha) => ({
      settings: `alpha ${alpha}`,
      plugins: () => [featureDistillation({ alpha })],
    })),
    choosing('ewc', of([10, 100, 1000], [0.1, 1, 3, 10, 30, 100]), (lambda) => ({
      settings: `lambda ${lambda}`,
      plugins: () => [ewc({ lambda, samples: 200 })],
    })),
    choosing('online-ewc', of([10, 100, 1000], [0.1, 1, 3, 10, 30, 100]), (lambda) => ({
      settings: `lambda ${lambda}`,
      plugins: () => [onlineEwc({ lambda, samples: 200 })],
    })),
    choosing('si', of([0.1, 1, 10], [0.1, 1, 3, 10, 30, 100]), (c) => ({
      settings: `c ${c}`,
      plugins: () => [si({ c })],
    })),
    fixed('a-gem', '', () => [replay(), aGem()]),
    fixed('er', '', () => [replay(), er()]),
    choosing('der', of([0.3, 1, 3], [0.3, 1]), (alpha) => ({
      settings: `alpha ${alpha}`,
      plugins: () => [replay(), der({ alpha })],
    })),
    choosing('der-joint', of([0.3, 1, 3], [0.3, 1]), (alpha) => ({
      settings: `alpha ${alpha}, batch and memory in one forward`,
      plugins: () => [replay(), der({ alpha, forward: 'joint' })],
    })),
    choosing('derpp', of([0.3, 1, 3], [0.3, 1]), (alpha) => ({
      settings: `alpha ${alpha}, beta 0.5`,
      plugins: () => [replay(), derpp({ alpha, beta: 0.5 })],
    })),
    choosing('derpp-joint', of([0.3, 1, 3], [0.3, 1]), (alpha) => ({
      settings: `alpha ${alpha}, beta 0.5, batch and memory in one forward`,
      plugins: () => [replay(), derpp({ alpha, beta: 0.5, forward: 'joint' })],
    })),
    choosing('er+fpf', [0.01, 0.1], (learningRate) => ({
      settings: `rate ${learningRate} of the phase`,
      plugins: () => [replay(), er(), fpf({ learningRate })],
    })),
    choosing('sgd+k-fpf', [0.01, 0.1], (learningRate) => ({
      settings: `9 phases at rate ${learningRate}`,
      plugins: () => [replay(), kFpf({ learningRate })],
    })),
    // A third of its phases: fewer passes than a replay at every step, also in streams as short as these.
    choosing('sgd+3-fpf', [0.01, 0.1], (learningRate) => ({
      settings: `3 phases at rate ${learningRate}`,
      plugins: () => [replay(), kFpf({ learningRate, k: 3 })],
    })),
    model === 'mlp'
      ? fixed('prd', 'views as they are', () => [prd()])
      : fixed('prd', 'views cropped and mirrored', () => [prd({ augment: view })]),
    fixed('finetune+lingocl', '', () => [lingoCL({ vectors: classVectors(), head })]),
    fixed('er+lingocl', '', () => [replay(), er(), lingoCL({ vectors: classVectors(), head })]),
  ];
}
