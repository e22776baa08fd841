import type { Module, Parameter, Plugin } from '@tapgrad/core';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { localLearning, momentumAuxiliary } from '../index.ts';
import {
  attached,
  differentiated,
  disposeBatch,
  imageBatch,
  tinyResNet,
  tinyVisionTransformer,
} from '../test-models.ts';

const step = 1e-6;

/** The parameters that learn from the local loss of the first cut. */
const ofFirstPart = /^(conv1|bn1|layer1|patches|positions|classToken|layers\.0)|(learnable|decoder|classifier)-0\./;

/** Central difference of a loss term in one element of a parameter. */
function difference(parameter: Parameter, element: number, term: () => number): number {
  const values = [...parameter.variable.dataSync()];
  const at = (value: number) => {
    tidy(() => parameter.assign(tensor(values.with(element, value), [...parameter.shape])));
    return term();
  };
  const before = values[element] as number;
  const slope = (at(before + step) - at(before - step)) / (2 * step);
  at(before);
  return slope;
}

function check(model: Module<never, Tensor>, plugin: Plugin, name: string): void {
  const batch = imageBatch();
  const stack = attached(model, plugin);
  const { gradients } = differentiated(stack, batch);
  const term = () => differentiated(stack, batch).terms[name] as number;
  const all = [...stack.trainableParameters()].filter(([path]) => ofFirstPart.test(path));
  // One element of every third: of part, copy, decoder and classifier alike.
  const some = all.filter((_, index) => index % 3 === 0);
  expect(some.length).toBeGreaterThan(5);
  for (const [path, parameter] of some) {
    const element = parameter.size - 1;
    const expected = difference(parameter, element, term);
    expect(gradients[path]?.[element], path).toBeCloseTo(expected, 6);
  }
  stack.detach();
  model.dispose();
  disposeBatch(batch);
}

describe('central differences of a local loss agree with what its part and auxiliaries get', () => {
  it('in a residual network', () => {
    check(tinyResNet([1, 1]), momentumAuxiliary({ parts: 2, reconstruction: 1 }), 'momentum-auxiliary/0');
  });

  it('in a vision transformer', () => {
    check(
      tinyVisionTransformer(2),
      momentumAuxiliary({ parts: 2, reconstruction: 1, upsample: 'last' }),
      'momentum-auxiliary/0',
    );
  });

  it('with a contrastive loss', () => {
    check(
      tinyResNet([1, 1]),
      momentumAuxiliary({ parts: 2, reconstruction: 0, loss: 'contrastive', temperature: 0.5 }),
      'momentum-auxiliary/0',
    );
  });

  it('without copies of the next block', () => {
    check(tinyResNet([1, 1]), localLearning({ parts: 2, reconstruction: 0.5 }), 'local-learning/0');
  });
});
