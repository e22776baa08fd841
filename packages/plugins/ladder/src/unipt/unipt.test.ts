import { attach, type Stack } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { unipt } from '../index.ts';
import { checkParameterGradients } from '../parameter-gradients.ts';
import { disposeBatch, imageBatch, tinyBatch, tinyEncoder, tinyResNet } from '../test-models.ts';
import type { UniptOptions } from './options.ts';

const small = { width: 8, heads: 2, layers: 2, hidden: 8 } as const;

describe('every parameter of UniPT has the gradient that central differences show', () => {
  it.each<[string, UniptOptions, number]>([
    ['the model’s own head', {}, 18],
    [
      'a bottleneck, linear features and a new classifier',
      { proj: 'bottleneck', final: 'linear', head: { classes: 3 } },
      20,
    ],
    ['normalised features and a dropped block', { final: 'relu-linear-norm', drop: [0] }, 16],
    ['maps', { blocks: 'layer*.*', head: { classes: 3 } }, 14],
  ])('with %s', (title, options, least) => {
    const [model, batch] =
      title === 'maps' ? [tinyResNet([1, 1]), imageBatch(2, 4)] : [tinyEncoder(small), tinyBatch(2, 3)];
    const stack: Stack<Tensor> = attach(model.eval(), [unipt({ reduction: 4, ...options })], { loss: crossEntropy });
    // A shift of all confidences changes nothing.
    expect(() => checkParameterGradients(stack, batch, { least })).not.toThrow();
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });
});

describe('UniPT', () => {
  it('sees no padding: more of it changes nothing', () => {
    const model = tinyEncoder(small).eval();
    const stack = attach(model, [unipt({ head: { classes: 3 } })], { loss: crossEntropy });
    tidy(() => {
      const short = tensor([1, 2, 3, 4, 5, -1], [2, 3], 'int32');
      const padded = tensor([1, 2, 3, -1, -1, 4, 5, -1, -1, -1], [2, 5], 'int32');
      const [a, b] = [stack.predict(short).dataSync(), stack.predict(padded).dataSync()];
      for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i] as number, 12);
    });
    stack.detach();
    model.dispose();
  });

  it('trusts all layers alike where the confidence weighs nothing', () => {
    const [model, batch] = [tinyEncoder(small).eval(), tinyBatch()];
    const stack = attach(model, [unipt({ head: { classes: 3 } })], { loss: crossEntropy });
    const weight = stack.trainableParameters().get('unipt/interaction.confidence.weight');
    tidy(() => weight?.assign(zeros([...weight.shape])));
    let shares: number[] = [];
    const untap = stack.hooks.taps.add({
      plugin: 'test',
      rank: 9,
      pattern: 'unipt/interaction:shares',
      forward: (value) => {
        shares = Array.from((value as Tensor).dataSync());
      },
    });
    tidy(() => void stack.predict(batch.inputs));
    untap();
    expect(shares).toEqual(new Array(4 * 3).fill(1 / 3));
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });
});
