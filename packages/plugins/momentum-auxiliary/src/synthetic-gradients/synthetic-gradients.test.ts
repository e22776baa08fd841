import { attach, definePlugin, Module, type Parameter, type Plugin, randomStream, type Stack } from '@tapgrad/core';
import { Linear } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import { mean, mul, square, sub, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { syntheticGradients } from '../index.ts';
import {
  attached,
  differentiated,
  disposeBatch,
  imageBatch,
  losses,
  tinyResNet,
  tinyVisionTransformer,
  valuesOf,
} from '../test-models.ts';
import { predictorLoss } from './math.ts';

/** Linear layers one after the other. */
class Chain extends Module {
  readonly layers: readonly Linear[];

  constructor(widths: readonly number[]) {
    super();
    const random = randomStream(4, 'chain');
    this.layers = widths.slice(1).map((width, i) => new Linear(widths[i] as number, width, { bias: false, random }));
  }

  override forward(x: Tensor): Tensor {
    return this.layers.reduce((value, layer) => layer.call(value), x);
  }
}

function assign(parameter: Parameter | undefined, values: number[]): void {
  tidy(() => parameter?.assign(tensor(values, [...parameter.shape])));
}

/** ½ (y − 1)², summed over outputs and averaged over the batch. */
const quadratic = (y: Tensor) => mul(mean(sum(square(sub(y, 1)), 1)), 0.5);

function stackOf(model: Chain, plugins: readonly Plugin[]): Stack<Tensor> {
  return attach(model, plugins, { loss: quadratic, optimizer: sgd({ learningRate: 0.1 }) });
}

function done(stack: Stack<Tensor>, ...inputs: Tensor[]): void {
  stack.detach();
  stack.options.optimizer?.dispose();
  stack.model.dispose();
  for (const each of inputs) each.dispose();
}

const linear = { blocks: 'layers.*', layers: 0 } as const;

describe('synthetic gradients', () => {
  it('agree with the worked example: w = 2, x = 3, u = 0.5, M(h) = 0.1 h', () => {
    const model = new Chain([1, 1, 1]);
    assign(model.layers[0]?.weight, [2]);
    assign(model.layers[1]?.weight, [0.5]);
    const stack = stackOf(model, [syntheticGradients({ ...linear, cuts: ['layers.1'] })]);
    const all = stack.namedParameters();
    assign(all.get('synthetic-gradients/predictor-0.last.weight'), [0.1]);
    const inputs = tensor([3], [1, 1]);
    const { gradients, terms } = differentiated(stack, { inputs });
    expect(gradients['layers.0.weight']?.[0]).toBeCloseTo(1.8, 12);
    expect(gradients['synthetic-gradients/predictor-0.last.weight']?.[0]).toBeCloseTo(-4.8, 12);
    expect(gradients['layers.1.weight']?.[0]).toBeCloseTo((0.5 * 6 - 1) * 6, 12);
    expect(terms.task).toBeCloseTo(0.5 * (0.5 * 6 - 1) ** 2, 12);
    const [predicted, gradient] = [tensor([0.6], [1, 1]), tensor([1], [1, 1])];
    const loss = predictorLoss(predicted, gradient);
    expect(loss.dataSync()[0]).toBeCloseTo(0.16, 12);
    done(stack, inputs, predicted, gradient, loss);
  });

  it('learn from the next part’s synthetic gradient, by hand with three layers', () => {
    const [w0, w1, w2, m0, m1, x] = [2, -0.5, 1.5, 0.3, 0.2, 1.25];
    const model = new Chain([1, 1, 1, 1]);
    for (const [i, w] of [w0, w1, w2].entries()) assign(model.layers[i]?.weight, [w]);
    const stack = stackOf(model, [syntheticGradients({ ...linear, parts: 3, factor: 1 })]);
    for (const [i, m] of [m0, m1].entries()) {
      assign(stack.namedParameters().get(`synthetic-gradients/predictor-${i}.last.weight`), [m]);
    }
    const inputs = tensor([x], [1, 1]);
    const { gradients } = differentiated(stack, { inputs });
    const [h0, h1] = [w0 * x, w1 * w0 * x];
    const [true1, bootstrapped0] = [(w2 * h1 - 1) * w2, m1 * h1 * w1];
    expect(gradients['layers.0.weight']?.[0]).toBeCloseTo(m0 * h0 * x, 12);
    expect(gradients['layers.1.weight']?.[0]).toBeCloseTo(m1 * h1 * h0, 12);
    expect(gradients['layers.2.weight']?.[0]).toBeCloseTo((w2 * h1 - 1) * h1, 12);
    const ofPredictor = (i: number) => gradients[`synthetic-gradients/predictor-${i}.last.weight`]?.[0];
    expect(ofPredictor(0)).toBeCloseTo(2 * (m0 * h0 - bootstrapped0) * h0, 12);
    expect(ofPredictor(1)).toBeCloseTo(2 * (m1 * h1 - true1) * h1, 12);
    done(stack, inputs);
  });

  it('of a predictor that knows the gradient are plain backpropagation to 1e-12', async () => {
    const build = () => new Chain([3, 2, 1]);
    const [model, twin] = [build(), build()];
    const stack = stackOf(model, [syntheticGradients({ ...linear, weight: 0 })]);
    const plain = stackOf(twin, []);
    const inputs = tensor(randomStream(1, 'x').normal(15), [5, 3]);
    for (let step = 0; step < 4; step++) {
      // L = mean ½ (u·h − 1)² over 5 samples: δ = (u·h − 1) u / 5.
      const u = [...(model.layers[1]?.weight.variable.dataSync() ?? [])] as [number, number];
      const [weight, bias] = ['weight', 'bias'].map((name) =>
        stack.namedParameters().get(`synthetic-gradients/predictor-0.last.${name}`),
      );
      assign(
        weight,
        u.flatMap((from) => u.map((to) => (from * to) / 5)),
      );
      assign(
        bias,
        u.map((each) => -each / 5),
      );
      await losses(stack, { inputs }, 1);
      await losses(plain, { inputs }, 1);
      const [made, expected] = [valuesOf(model.state()), valuesOf(twin.state())];
      for (const [name, values] of Object.entries(expected)) {
        for (const [i, value] of values.entries())
          expect(Math.abs((made[name]?.[i] as number) - value)).toBeLessThan(1e-12);
      }
    }
    done(stack);
    done(plain, inputs);
  });

  it('are 0 at first: the first update leaves the lower parts exactly as they were', async () => {
    const model = tinyResNet();
    const batch = imageBatch();
    const stack = attached(model, syntheticGradients({ parts: 3, hidden: 8 }));
    const weights = () => valuesOf(new Map([...model.namedParameters()].map(([name, each]) => [name, each.variable])));
    const before = weights();
    await losses(stack, batch, 1);
    const after = weights();
    const last = /^(layer2|fc)/;
    for (const [name, values] of Object.entries(after)) {
      if (!last.test(name)) expect(values, name).toEqual(before[name]);
    }
    await losses(stack, batch, 1);
    expect(weights()['conv1.weight']).toEqual(before['conv1.weight']);
    await losses(stack, batch, 2);
    expect(weights()['conv1.weight']).not.toEqual(before['conv1.weight']);
    expect(weights()['layer1.1.conv1.weight']).not.toEqual(before['layer1.1.conv1.weight']);
    stack.detach();
    stack.options.optimizer?.dispose();
    model.dispose();
    disposeBatch(batch);
  });

  it('let the loss fall on images, and on tokens with labels; prediction is the model’s', async () => {
    const batch = imageBatch();
    for (const [model, plugin] of [
      [tinyResNet([1, 1]), syntheticGradients({ hidden: 8 })],
      [tinyVisionTransformer(), syntheticGradients({ parts: 3, conditional: true })],
    ] as const) {
      const stack = attached(model, plugin);
      const made = await losses(stack, batch, 12);
      expect(made.at(-1)).toBeLessThan(made[0] as number);
      const predicted = stack.predict(batch.inputs);
      stack.detach();
      const plain = attached(model);
      const alone = plain.predict(batch.inputs);
      expect([...predicted.dataSync()]).toEqual([...alone.dataSync()]);
      for (const each of [predicted, alone]) each.dispose();
      plain.detach();
      for (const each of [stack, plain]) each.options.optimizer?.dispose();
      model.dispose();
    }
    disposeBatch(batch);
  });

  it('of micro-batches add up to their average', async () => {
    let seen: Record<string, number[]> = {};
    const watcher = definePlugin({
      name: 'watcher',
      apply: ({ hooks }) => void hooks.gradients.step.tap((all) => void (seen = valuesOf(all))),
    });
    const model = new Chain([2, 2, 1]);
    const stack = stackOf(model, [syntheticGradients(linear), watcher()]);
    assign(stack.namedParameters().get('synthetic-gradients/predictor-0.last.weight'), [0.3, -0.1, 0.2, 0.4]);
    const [a, b] = [1, 2].map((seed) => tensor(randomStream(seed, 'x').normal(6), [3, 2])) as [Tensor, Tensor];
    const parts = [a, b].map((inputs) => differentiated(stack, { inputs }).gradients);
    const { terms } = await stack.step([{ inputs: a }, { inputs: b }]);
    await terms;
    expect(Object.keys(seen)).toHaveLength(4);
    for (const [name, values] of Object.entries(seen)) {
      for (const [i, value] of values.entries()) {
        const sum = parts.reduce((total, part) => total + (part[name]?.[i] as number), 0);
        expect(value).toBeCloseTo(sum / 2, 12);
      }
    }
    done(stack, a, b);
  });
});
