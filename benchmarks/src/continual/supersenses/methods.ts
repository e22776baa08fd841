import { derpp, er, ewc, lwf, memory } from '@tapgrad/continual';
import { fixed, type Method } from '../experiment/method.ts';

/** Sentences in memory: two a class. */
export const memorySamples = 90;

const replay = () => memory({ samples: memorySamples });

/** What is compared on the sentence encoder. Options are the usual ones and were not chosen on these data. */
export const supersensesMethods: readonly Method[] = [
  fixed('finetune', ''),
  { name: 'joint', joint: true, candidates: [{ settings: '', plugins: () => [] }] },
  fixed('lwf', 'alpha 1, temperature 2', () => [lwf({ alpha: 1, temperature: 2 })]),
  fixed('ewc', 'lambda 100, Fisher of 32 sentences', () => [ewc({ lambda: 100, samples: 32 })]),
  fixed('er', '', () => [replay(), er()]),
  fixed('derpp', 'alpha 0.1, beta 0.5', () => [replay(), derpp({ alpha: 0.1, beta: 0.5 })]),
];
