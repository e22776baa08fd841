import { attach, type Stack } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import { scalar, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { sherl } from '../index.ts';
import { checkParameterGradients } from '../parameter-gradients.ts';
import { disposeBatch, imageBatch, tinyBatch, tinyEncoder, tinyResNet } from '../test-models.ts';
import type { SherlOptions } from './options.ts';

const maps = { blocks: 'layer*.*', head: { classes: 3 } } as const;
const small = { width: 8, heads: 2, layers: 3, hidden: 8 } as const;

function set(stack: Stack<Tensor>, pattern: RegExp, make: (shape: readonly number[]) => Tensor): void {
  for (const [name, parameter] of stack.trainableParameters()) {
    if (pattern.test(name)) tidy(() => parameter.assign(make(parameter.shape)));
  }
}

describe('SHERL', () => {
  it('at the start lets nothing of the late layer’s own input through, but its gate has a gradient', () => {
    const model = tinyEncoder(small).eval();
    const batch = tinyBatch();
    const stack = attach(model, [sherl()], { loss: crossEntropy });
    const output = () => tidy(() => Array.from(stack.predict(batch.inputs).dataSync()));
    const before = output();
    // The last block but one changes what it gives; with all its tapped states as they were, only h would show.
    const seen: Tensor[] = [];
    const untap = stack.hooks.taps.add({
      plugin: 'test',
      rank: -1,
      pattern: 'sherl/late:input',
      forward: (given) => [(given as Tensor[])[0], tidy(() => zeros((given as Tensor[])[1]?.shape ?? []))],
    });
    expect(output()).toEqual(before);
    untap();
    const { gradients, dispose } = stack.gradientsOf(batch);
    expect(Math.abs(gradients.get('sherl/late.alpha')?.dataSync()[0] as number)).toBeGreaterThan(1e-6);
    dispose();
    for (const each of seen) each.dispose();
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });

  it.each<[string, SherlOptions]>([
    ['tokens', {}],
    ['maps', { blocks: 'layer*.*' }],
  ])('with its gate wide open and nothing merged is the frozen model, bit for bit: %s', (values, options) => {
    const [model, batch] = values === 'maps' ? [tinyResNet(), imageBatch()] : [tinyEncoder(small), tinyBatch()];
    const stack: Stack<Tensor> = attach(model.eval(), [sherl(options)], { loss: crossEntropy });
    set(stack, /late\.alpha/, () => scalar(1e4));
    set(stack, /late\.out/, (shape) => zeros([...shape]));
    tidy(() => {
      const merged = stack.predict(batch.inputs).dataSync();
      stack.setEnabled('sherl', false);
      expect(merged).toEqual(stack.predict(batch.inputs).dataSync());
    });
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });

  it('passes gradients through the late layer, whose weights stay as they are', async () => {
    const model = tinyEncoder(small);
    const batch = tinyBatch();
    const stack = attach(model, [sherl()], { loss: crossEntropy, optimizer: sgd({ learningRate: 0.1 }) });
    const late = () =>
      [...model.state()].flatMap(([name, each]) => (name.startsWith('layers.2') ? [...each.dataSync()] : []));
    const before = late();
    const side = () => [...stack.state('plugins').tensors.values()].map((each) => Array.from(each.dataSync()));
    const first = side();
    await (await stack.step(batch)).loss;
    expect(late()).toEqual(before);
    expect(side()).not.toEqual(first);
    const { gradients, dispose } = stack.gradientsOf(batch);
    expect([...gradients.keys()].filter((name) => !name.startsWith('sherl/'))).toEqual([]);
    expect(Math.hypot(...(gradients.get('sherl/down-0.linear.weight')?.dataSync() ?? []))).toBeGreaterThan(1e-4);
    dispose();
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });

  it('sees no padding: more of it changes nothing', () => {
    const model = tinyEncoder(small).eval();
    const stack = attach(model, [sherl({ head: { classes: 3 } })], { loss: crossEntropy });
    tidy(() => {
      const short = tensor([1, 2, 3, 4, 5, -1], [2, 3], 'int32');
      const padded = tensor([1, 2, 3, -1, -1, 4, 5, -1, -1, -1], [2, 5], 'int32');
      const [a, b] = [stack.predict(short).dataSync(), stack.predict(padded).dataSync()];
      for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i] as number, 12);
    });
    stack.detach();
    model.dispose();
  });
});

describe('every parameter of SHERL has the gradient that central differences show', () => {
  it.each<[string, SherlOptions, number]>([
    ['the model’s own head', {}, 18],
    ['gated states and a mixer', { down: 'gated', mixer: true, out: 'relu-linear', drop: [0] }, 20],
    ['ReLU before the projection, a new classifier', { down: 'relu-linear', head: { classes: 3 } }, 15],
    ['maps', maps, 14],
  ])('with %s', (title, options, least) => {
    const [model, batch] =
      title === 'maps'
        ? [tinyResNet([1, 2]), imageBatch(2, 4)]
        : [tinyEncoder({ ...small, layers: 3 }), tinyBatch(2, 3)];
    const stack: Stack<Tensor> = attach(model.eval(), [sherl({ temperature: 0.5, reduction: 4, ...options })], {
      loss: crossEntropy,
    });
    expect(() => checkParameterGradients(stack, batch, { least })).not.toThrow();
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });
});
