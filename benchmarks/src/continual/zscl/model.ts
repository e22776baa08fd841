import { attach, randomStream } from '@tapgrad/core';
import { contrastiveLoss, DualEncoder, GELU, Linear, Sequential, TextEncoder } from '@tapgrad/nn';
import { adamw, cosine, warmup } from '@tapgrad/train';
import { dispose } from '@tensorflow/tfjs-core';
import { rowsOf } from './pictures.ts';
import { size } from './styles.ts';
import { captionOf, type World } from './world.ts';

export const pretraining = { steps: 1500, batchSize: 96, learningRate: 2e-3 } as const;

/** Pictures through three layers, captions through one transformer block, into 32 numbers each. */
export function buildModel(vocabularySize: number, seed: number): DualEncoder {
  const random = randomStream(seed, 'dual encoder');
  const image = new Sequential(
    new Linear(size, 128, { random }),
    new GELU(),
    new Linear(128, 128, { random }),
    new GELU(),
    new Linear(128, 32, { random }),
  );
  const blocks = { width: 32, heads: 2, layers: 1, hidden: 64 } as const;
  return new DualEncoder({ image, text: new TextEncoder({ ...blocks, vocabularySize, maxTokens: 4, random }) });
}

/** Trains on pictures with captions, contrastively; gives the mean loss of the last 100 steps. */
export async function pretrain(
  model: DualEncoder,
  { pretraining: pairs, vocabulary }: World,
  seed: number,
): Promise<number> {
  const { steps, batchSize, learningRate } = pretraining;
  const optimizer = adamw({ learningRate, weightDecay: 0.01 });
  const stack = attach(model as never, [], { loss: contrastiveLoss as never, optimizer, seed });
  const schedule = warmup(100, cosine());
  let sum = 0;
  for (let step = 0; step < steps; step++) {
    const random = randomStream(seed, 'pairs', step);
    const rows = Array.from({ length: batchSize }, () => random.integer(pairs.words.length));
    const captions = rows.map((row) => captionOf(pairs.words[row]!, pairs.styles[row]!, random.next()));
    const batch = { inputs: [rowsOf(pairs, rows), vocabulary.encode(captions)] };
    optimizer.learningRate = learningRate * schedule({ step, steps });
    const loss = await (await stack.step(batch)).loss;
    if (step >= steps - 100) sum += loss / 100;
    dispose(batch.inputs);
  }
  stack.detach();
  optimizer.dispose();
  return sum;
}
