import { attach, type Parameter, type Plugin, type Stack } from '@tapgrad/core';
import { type BatchNorm2d, crossEntropy } from '@tapgrad/nn';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { elementsUnder, recordedStep } from '../recorded-step.ts';
import { biasTuning } from './bias-tuning.ts';
import { blockElements } from './math.ts';
import { disposeBatch, imageBatch, textBatch, tinyConvolutions, tinyText, tinyViT } from './test-models.ts';

const trains = (model: Parameters<typeof attach>[0], ...plugins: Plugin[]) => {
  const stack = attach(model, plugins, { loss: crossEntropy as never });
  const names = [...stack.trainableParameters().keys()];
  stack.detach();
  return names;
};

function assign(parameter: Parameter, values: ArrayLike<number>): void {
  tidy(() => parameter.assign(tensor(Array.from(values), [...parameter.shape])));
}

describe('bias tuning', () => {
  it('trains every bias and the head, and nothing else', () => {
    const model = tinyViT();
    const expected = [...model.namedParameters().keys()].filter((name) => /bias$|^head/.test(name));
    expect(trains(model, biasTuning())).toEqual(expected);
    expect(trains(model, biasTuning({ biases: false }))).toEqual(['head.weight', 'head.bias']);
    expect(trains(model, biasTuning({ head: false, biases: 'layers.0.**.bias' }))).toHaveLength(6);
    model.dispose();
  });

  it('keeps nothing of any frozen linear layer or convolution', () => {
    for (const [model, batch] of [
      [tinyViT(), imageBatch()],
      [tinyText(), textBatch()],
      [tinyConvolutions(), imageBatch()],
    ] as const) {
      const { saved, nodes } = recordedStep(model, [biasTuning()], batch);
      const frozen = nodes.filter(([path, kernel]) => /Linear|Conv2D/.test(kernel) && path !== 'head' && path !== 'fc');
      expect(frozen.length).toBeGreaterThan(3);
      const kept = saved.filter(({ kernel }) => /Linear|Conv2D/.test(kernel)).map(({ modulePath }) => modulePath);
      expect(kept).toEqual([model.namedModules().has('fc') ? 'fc' : 'head']);
      model.dispose();
      disposeBatch(batch);
    }
  });

  it('keeps 9 N d + H N² elements a sample in a block, where full fine-tuning keeps 16 N d + H N²', () => {
    const model = tinyViT();
    const batch = imageBatch(3);
    const shape = { tokens: 5, width: 16, heads: 2 };
    // Mean and inverse deviation of each row, for both norms.
    const statistics = 4 * shape.tokens;
    const perSample = (...plugins: Plugin[]) => elementsUnder(recordedStep(model, plugins, batch), 'layers.1') / 3;
    expect(perSample()).toBe(blockElements(shape, 'full') + statistics);
    expect(perSample(biasTuning())).toBe(blockElements(shape, 'bias') + statistics);
    model.dispose();
    disposeBatch(batch);
  });

  it('keeps nothing of a batch norm, whose running statistics stay; with `norms: batch` they move', async () => {
    const batch = imageBatch();
    for (const norms of ['running', 'batch'] as const) {
      const model = tinyConvolutions();
      const { saved } = recordedStep(model, [biasTuning({ norms })], batch);
      const kept = saved.filter(({ kernel }) => kernel.startsWith('tapgrad.BatchNorm'));
      expect(kept.some(({ operand }) => operand === 'x')).toBe(norms === 'batch');
      const norm = model.namedModules().get('layer1.0.bn1') as unknown as BatchNorm2d;
      expect(Array.from(norm.runningMean.variable.dataSync()).some((mean) => mean !== 0)).toBe(norms === 'batch');
      model.dispose();
    }
    disposeBatch(batch);
  });

  it('gives the gradients of the loss, as central differences show', () => {
    const model = tinyConvolutions();
    const batch = imageBatch(2);
    const stack: Stack<Tensor> = attach(model, [biasTuning()], { loss: crossEntropy });
    const made = stack.gradientsOf(batch);
    for (const name of ['bn1.bias', 'layer1.0.bn1.bias', 'layer2.1.bn2.bias', 'fc.bias']) {
      const parameter = stack.namedParameters().get(name)!;
      const at = (shift: number) => {
        const before = parameter.variable.dataSync().slice();
        const moved = before.slice();
        moved[0]! += shift;
        assign(parameter, moved);
        const probe = stack.gradientsOf(batch);
        const loss = probe.terms.task!.dataSync()[0]!;
        probe.dispose();
        assign(parameter, before);
        return loss;
      };
      expect(made.gradients.get(name)!.dataSync()[0]).toBeCloseTo((at(1e-6) - at(-1e-6)) / 2e-6, 6);
    }
    made.dispose();
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });

  it('refuses patterns that name nothing', () => {
    const model = tinyViT();
    const attached = (plugin: Plugin) => () => attach(model, [plugin], { loss: crossEntropy as never });
    expect(attached(biasTuning({ biases: 'layer.*.bias' }))).toThrow('S2A_BIASES');
    expect(attached(biasTuning({ head: 'classifier' }))).toThrow('S2A_HEAD');
    model.dispose();
  });
});
