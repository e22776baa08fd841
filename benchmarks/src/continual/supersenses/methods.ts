import {
  aGem,
  type ClassVectors,
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
import { choosing, fixed, type Method } from '../experiment/method.ts';

/** Sentences in memory: four a class, one in fifteen of those that are learnt from. */
export const memorySamples = 180;

/** Sentences that importances are taken from, of each task. */
const fisherSamples = 64;
const head = 'head';
const replay = () => memory({ samples: memorySamples });

/** What is compared on the sentence encoder, bounds first. */
export function supersensesMethods(vectors: ClassVectors): readonly Method[] {
  return [
    fixed('finetune', ''),
    { name: 'joint', joint: true, candidates: [{ settings: '', plugins: () => [] }] },
    choosing('lwf', [1, 10], (alpha) => ({ settings: `alpha ${alpha}`, plugins: () => [lwf({ alpha })] })),
    choosing('feature-distillation', [1, 10], (alpha) => ({
      settings: `alpha ${alpha}`,
      plugins: () => [featureDistillation({ alpha })],
    })),
    choosing('ewc', [1e2, 1e4], (lambda) => ({
      settings: `lambda ${lambda}`,
      plugins: () => [ewc({ lambda, samples: fisherSamples })],
    })),
    choosing('online-ewc', [1e2, 1e4], (lambda) => ({
      settings: `lambda ${lambda}`,
      plugins: () => [onlineEwc({ lambda, samples: fisherSamples })],
    })),
    choosing('si', [1, 100], (c) => ({ settings: `c ${c}`, plugins: () => [si({ c })] })),
    fixed('a-gem', '', () => [replay(), aGem()]),
    fixed('er', '', () => [replay(), er()]),
    choosing('der', [0.3, 1, 3], (alpha) => ({
      settings: `alpha ${alpha}`,
      plugins: () => [replay(), der({ alpha })],
    })),
    choosing(
      'derpp',
      [
        { alpha: 0.1, beta: 0.5 },
        { alpha: 1, beta: 1 },
        { alpha: 3, beta: 1 },
      ],
      (options) => ({
        settings: `alpha ${options.alpha}, beta ${options.beta}`,
        plugins: () => [replay(), derpp(options)],
      }),
    ),
    choosing('er+fpf', [0.01, 0.1], (learningRate) => ({
      settings: `rate ${learningRate} of the phase`,
      plugins: () => [replay(), er(), fpf({ learningRate })],
    })),
    choosing('k-fpf', [0.01, 0.1], (learningRate) => ({
      settings: `9 phases at rate ${learningRate}`,
      plugins: () => [replay(), kFpf({ learningRate })],
    })),
    fixed('prd', 'views as they are', () => [prd({ head })]),
    fixed('finetune+lingocl', '', () => [lingoCL({ vectors, head })]),
    fixed('er+lingocl', '', () => [replay(), er(), lingoCL({ vectors, head })]),
  ];
}
