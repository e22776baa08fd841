import { attach, type Batch, randomStream, softmaxCrossEntropy } from '@tapgrad/core';
import { T5, t5Presets } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { eye, memory, reshape, scalar, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { ladder } from '../index.ts';
import { elements, recordedStep } from '../recorded-step.ts';
import { scatter } from '../test-models.ts';

const blocks = '{encoder,decoder}.layers.*';

function loss(logits: Tensor, { targets }: Batch): Tensor {
  const [batch, tokens, vocabulary] = logits.shape as [number, number, number];
  return softmaxCrossEntropy(reshape(logits, [batch * tokens, vocabulary]), reshape(targets as Tensor, [-1]));
}

describe('beside T5-base, reduction 8 and blocks 0, 4 and 8 dropped', () => {
  it('train 3,878,712 of the 222,882,048 parameters that its vocabulary fills, 1.74 %, counted without a single weight', () => {
    const before = memory().numTensors;
    const model = new T5({ ...t5Presets['t5-base'], vocabularySize: 32_100, random: randomStream(1) });
    expect(model.parameterCount()).toBe(222_882_048);
    const stack = attach(model, [ladder({ blocks, reduction: 8, drop: [0, 4, 8] })], { loss });
    const count = (pattern: RegExp) =>
      [...stack.trainableParameters()].reduce((sum, [name, { size }]) => sum + (pattern.test(name) ? size : 0), 0);

    const [d, narrow, hidden, heads, kept, layers] = [768, 96, 384, 12, 9, 12];
    const attention = 4 * narrow * narrow;
    const feedForward = 2 * narrow * hidden;
    const encoderBlock = attention + feedForward + 2 * narrow;
    const decoderBlock = 2 * attention + feedForward + 3 * narrow;
    expect(count(/side-0\.rungs\.\d+\.block\.(?!relative)/)).toBe(kept * encoderBlock);
    expect(count(/side-1\.rungs\.\d+\.block\.(?!relative)/)).toBe(kept * decoderBlock);
    expect(count(/relative/)).toBe(2 * 32 * heads);
    expect(count(/exit\.norm/)).toBe(2 * narrow);
    expect(count(/(entrance|rungs\.\d+)\.down/)).toBe(2 * (kept + 1) * (d * narrow + narrow));
    expect(count(/side-head/)).toBe(narrow * d + d);
    // One a block of the backbone, those of the dropped ones included: so it is in the published code.
    expect(count(/gates/)).toBe(2 * layers);

    expect(count(/^ladder\//)).toBe(3_878_712);
    expect(count(/./)).toBe(3_878_712);
    expect(((100 * 3_878_712) / 222_882_048).toFixed(2)).toBe('1.74');
    expect(memory().numTensors).toBe(before);
    stack.detach();
    model.dispose();
  });
});

describe('beside a small encoder-decoder', () => {
  const sizes = { vocabularySize: 11, width: 16, hidden: 32, headWidth: 8, heads: 2, layers: 2 };

  it('are the backbone at reduction 1 with all kept: cross-attention and relative bias included', () => {
    const model = new T5({ ...sizes, random: randomStream(2) });
    scatter(model as never);
    const ids = tensor([1, 5, 2, 7, 3, 9], [2, 3], 'int32');
    const stack = attach(model.eval(), [ladder({ blocks, reduction: 1, importance: 'magnitude' })], { loss });
    for (const [name, parameter] of stack.trainableParameters()) {
      tidy(() => {
        if (name.includes('gates')) parameter.assign(scalar(1e4));
        if (/(entrance\.down|side-head\.linear)\.weight/.test(name)) parameter.assign(eye(sizes.width));
      });
    }
    tidy(() => {
      const side = stack.predict(ids, ids).dataSync();
      stack.setEnabled('ladder', false);
      const backbone = stack.predict(ids, ids).dataSync();
      side.forEach((value, i) => {
        expect(value).toBeCloseTo(backbone[i] as number, 12);
      });
    });
    stack.detach();
    model.dispose();
    ids.dispose();
  });

  it('keep of the backbone’s width what the projections of both stacks read, and the logits', () => {
    const wide = { ...sizes, width: 48, headWidth: 24 };
    const model = new T5({ ...wide, random: randomStream(2) });
    const [batchSize, tokens, decoderTokens, kept] = [3, 5, 4, 1];
    const ids = (length: number) => tensor(new Int32Array(batchSize * length), [batchSize, length], 'int32');
    const batch = { inputs: [ids(tokens), ids(decoderTokens)], targets: ids(decoderTokens) };
    const plugin = ladder({ blocks, reduction: 4, drop: [0], init: 'random' });
    const { nodes, saved } = recordedStep(model as never, plugin, batch, loss);
    expect(nodes.map(([path]) => path).filter((path) => !/^(ladder\/|head$|$)/.test(path))).toEqual([]);
    const ofWidth = (width: number) => saved.filter(({ shape }) => shape.at(-1) === width);
    expect(elements(ofWidth(wide.width))).toBe((kept + 1) * batchSize * (tokens + decoderTokens) * wide.width);
    expect(ofWidth(wide.width).every(({ modulePath }) => /^ladder\/.*down$/.test(modulePath))).toBe(true);
    expect(elements(ofWidth(wide.vocabularySize))).toBe(batchSize * decoderTokens * wide.vocabularySize);
    model.dispose();
    for (const each of [...batch.inputs, batch.targets]) each.dispose();
  });

  it('train: the decoder’s side network reads the encoder’s, and the backbone stays', async () => {
    const model = new T5({ ...sizes, random: randomStream(2) });
    scatter(model as never);
    const stream = randomStream(3);
    const ids = (tokens: number) =>
      tensor(
        Int32Array.from({ length: 3 * tokens }, () => stream.integer(11)),
        [3, tokens],
        'int32',
      );
    const batch = { inputs: [ids(5), ids(4)], targets: ids(4) };
    const optimizer = adamw({ learningRate: 2e-2 });
    const stack = attach(model, [ladder({ blocks, reduction: 2, drop: [0], dropout: 0 })], { loss, optimizer });
    const state = () => [...model.state()].map(([name, each]) => [name, ...each.dataSync()]);
    const backbone = state();
    const first = await (await stack.step(batch)).loss;
    for (let i = 0; i < 40; i++) await (await stack.step(batch)).loss;
    expect(await (await stack.step(batch)).loss).toBeLessThan(first * 0.7);
    expect(state()).toEqual(backbone);

    const { gradients, dispose } = stack.gradientsOf(batch);
    const reached = [...gradients].filter(([, each]) => each.dataSync().some((value) => value !== 0));
    expect(reached.map(([name]) => name)).toContain('ladder/side-0.rungs.0.block.up.weight');
    expect(reached.map(([name]) => name)).toContain('ladder/side-1.rungs.0.block.cross.key.weight');
    dispose();

    stack.detach();
    optimizer.dispose();
    model.dispose();
    for (const each of [...batch.inputs, batch.targets]) each.dispose();
  });
});
