import type { Stack } from '@tapgrad/core';
import type { ResNet } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { momentumAuxiliary } from '../index.ts';
import {
  attached,
  differentiated,
  disposeBatch,
  type ImageBatch,
  imageBatch,
  labels,
  tinyResNet,
  type Values,
} from '../test-models.ts';
import type { MomentumAuxiliaryOptions } from './options.ts';

let model: ResNet;
let batch: ImageBatch;
let stack: Stack<Tensor> | undefined;

beforeEach(() => {
  model = tinyResNet();
  batch = imageBatch();
});

afterEach(() => {
  stack?.detach();
  stack = undefined;
  model.dispose();
  disposeBatch(batch);
});

const first = /^(conv1|bn1|layer1)/;
const second = /^(layer2|fc)/;
const under = (gradients: Values, pattern: RegExp) =>
  Object.fromEntries(Object.entries(gradients).filter(([name]) => pattern.test(name)));

function gradientsWith(options: MomentumAuxiliaryOptions, of = batch): Values {
  stack?.detach();
  stack = attached(model, momentumAuxiliary(options));
  return differentiated(stack, of).gradients;
}

describe('parts of MAN', () => {
  it('in one part are end-to-end training, bit for bit', () => {
    const plain = attached(model);
    const expected = differentiated(plain, batch);
    plain.detach();
    stack = attached(model, momentumAuxiliary({ parts: 1 }));
    expect(differentiated(stack, batch)).toEqual(expected);
    expect([...stack.namedParameters().keys()].filter((name) => name.includes('/'))).toEqual([]);
  });

  it('learn from their own loss alone: labels of another part change nothing', () => {
    // The model's loss reads the batch's targets, the auxiliary classifier those of the option.
    const other = labels(4, 1);
    const cut = ['layer2.0'];
    const before = gradientsWith({ cuts: cut, targets: () => batch.targets });
    const local = gradientsWith({ cuts: cut, targets: () => other });
    expect(under(local, second)).toEqual(under(before, second));
    expect(under(local, first)).not.toEqual(under(before, first));
    const aside = { ...batch, targets: other };
    const final = gradientsWith({ cuts: cut, targets: () => batch.targets }, aside);
    expect(under(final, first)).toEqual(under(before, first));
    expect(under(final, second)).not.toEqual(under(before, second));
    other.dispose();
  });

  it('have another gradient than end-to-end training only before the last cut', () => {
    const plain = attached(model);
    const expected = differentiated(plain, batch).gradients;
    plain.detach();
    const made = gradientsWith({ parts: 2 });
    expect(under(made, second)).toEqual(under(expected, second));
    expect(under(made, first)).not.toEqual(under(expected, first));
    expect(Object.keys(under(made, first))).toEqual(Object.keys(under(expected, first)));
  });

  it('train the learnable copy, the decoder and the classifier, and leave the average without a gradient', () => {
    const names = Object.keys(gradientsWith({ parts: 2 })).filter((name) => name.startsWith('momentum-auxiliary/'));
    const beginnings = new Set(names.map((name) => name.replace(/\..*/, '')));
    const all = ['learnable-0', 'classifier-0', 'decoder-0'].map((name) => `momentum-auxiliary/${name}`);
    expect(beginnings).toEqual(new Set(all));
    const average = [...(stack as Stack<Tensor>).namedParameters()].filter(([name]) => name.includes('/average-0'));
    expect(average.length).toBeGreaterThan(5);
    expect(average.every(([, { trainable }]) => !trainable)).toBe(true);
  });

  it('that are frozen run without a loss of their own', () => {
    model.freeze('conv1.**').freeze('bn1.**').freeze('layer1.**');
    const { gradients, terms } = differentiated(attachedTo({ parts: 2 }), batch);
    expect(Object.keys(terms)).toEqual(['task']);
    expect(Object.keys(gradients).every((name) => second.test(name))).toBe(true);
  });
});

function attachedTo(options: MomentumAuxiliaryOptions): Stack<Tensor> {
  stack = attached(model, momentumAuxiliary(options));
  return stack;
}

describe('copies of the block after a cut', () => {
  const parametersOf = (name: string) =>
    [...attachedTo({ parts: 2, momentum: 0.5 }).namedParameters()].filter(([each]) => each.includes(name));

  it('start from that block, learnable and average alike', () => {
    const source = model.namedParameters();
    for (const name of ['learnable-0', 'average-0']) {
      const copies = parametersOf(name);
      expect(copies).toHaveLength(6);
      for (const [path, { variable }] of copies) {
        const original = source.get(path.replace(`momentum-auxiliary/${name}`, 'layer2.0'));
        expect([...variable.dataSync()]).toEqual([...(original?.variable.dataSync() ?? [])]);
        expect(variable.dataId).not.toBe(original?.variable.dataId);
      }
      stack?.detach();
    }
  });

  it('start at random with the reference code’s variant, each by itself', () => {
    const all = [...attachedTo({ parts: 2, variant: 'reference-code' }).namedParameters()];
    const weights = all
      .filter(([name]) => /(learnable|average)-0.conv1.weight$/.test(name))
      .map(([, { variable }]) => [...variable.dataSync()]);
    expect(weights).toHaveLength(2);
    expect(weights[0]).not.toEqual(weights[1]);
    expect(weights[0]).not.toEqual([
      ...(model.namedParameters().get('layer2.0.conv1.weight')?.variable.dataSync() ?? []),
    ]);
    const scale = all.find(([name]) => name.endsWith('average-0.bn1.weight'))?.[1];
    expect([...(scale?.variable.dataSync() ?? [])]).toEqual(new Array(8).fill(1));
  });
});
