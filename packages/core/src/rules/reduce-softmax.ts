import { exp, mul, sub, sum } from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

rule<'logits', { dim: number }>('Softmax', {
  inputs: ['logits'],
  saves: () => ['y'],
  backward: ({ dy, saved, attrs: { dim } }) => ({
    logits: () => mul(sub(dy, sum(mul(dy, saved.y), dim, true)), saved.y),
  }),
});

rule<'logits', { axis: number }>('LogSoftmax', {
  inputs: ['logits'],
  saves: () => ['y'],
  backward: ({ dy, saved, attrs: { axis } }) => ({
    logits: () => sub(dy, mul(sum(dy, axis, true), exp(saved.y))),
  }),
});
