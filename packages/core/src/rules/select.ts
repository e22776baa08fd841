import { where, zerosLike } from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

/** The branch not taken gets an exact 0, even where the gradient is infinite or not a number. */
rule('Select', {
  inputs: ['condition', 't', 'e'],
  differentiable: ['t', 'e'],
  saves: () => ['condition'],
  backward: ({ dy, saved }) => ({
    t: () => where(saved.condition, dy, zerosLike(dy)),
    e: () => where(saved.condition, zerosLike(dy), dy),
  }),
});
