import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { useWasm } from '@tapgrad/backend-wasm';
import { attach } from '@tapgrad/core';
import { accuracy, crossEntropy } from '@tapgrad/nn';
import { writeSafetensorsFile } from '@tapgrad/nn/node';
import { adamw, cosine, progressLine, Trainer, warmup } from '@tapgrad/train';
import type { Tensor } from '@tensorflow/tfjs-core';
import { machine } from '../machine.ts';
import { fashionScale, loadFashionMnist } from './data/fashion-mnist.ts';
import { imageBatches } from './data/image-batches.ts';
import { withClasses } from './data/image-set.ts';
import { fashionVit, heldOutClasses, pretrainingClasses } from './models/fashion-vit.ts';

export interface PretrainingOptions {
  readonly epochs: number;
  readonly seed: number;
  /** Folder of the checkpoints that an interrupted run goes on from. */
  readonly checkpoints: string;
  /** The safetensors file; the log goes beside it. */
  readonly out: string;
}

const recipe = { batchSize: 128, learningRate: 1e-3, weightDecay: 0.05, warmupSteps: 100, shift: 2 } as const;

/** Pretrains the small vision transformer on the seven classes of Fashion-MNIST that are not held out. */
export async function pretrainVit({ epochs, seed, checkpoints, out }: PretrainingOptions): Promise<void> {
  const { train, test } = loadFashionMnist();
  const data = withClasses(train, pretrainingClasses);
  const judged = withClasses(test, pretrainingClasses);
  await useWasm();
  const model = fashionVit(pretrainingClasses.length, seed);
  const { batchSize, learningRate, weightDecay, warmupSteps, shift } = recipe;
  const stack = attach(model, [], { loss: crossEntropy, optimizer: adamw({ learningRate, weightDecay }), seed });
  const trainer = new Trainer<Tensor>(stack, {
    data: imageBatches(data, { batchSize, seed, shift, scale: fashionScale }),
    epochs,
    schedule: warmup(warmupSteps, cosine()),
    clip: { norm: 1 },
    evaluation: { data: imageBatches(judged, { batchSize: 250, scale: fashionScale }), metrics: { accuracy } },
    checkpoints: { store: checkpoints, every: 200 },
    resume: true,
    onProgress: progressLine({ stream: { write: log }, every: 15_000 }),
  });

  const file = out.replace(/\.safetensors$/, '.log');
  mkdirSync(dirname(out), { recursive: true });
  function log(text: string): void {
    process.stdout.write(text);
    appendFileSync(file, text);
  }
  const { cpu, cores, platform, node } = machine();
  writeFileSync(file, '', { flag: 'a' });
  log(
    `pretrain-vit --epochs ${epochs} --seed ${seed}; ${cpu}, ${cores} cores, ${platform}, Node ${node}\n${data.classes.length} images of ${data.labels.join(', ')}; held out: ${heldOutClasses.map((each) => train.labels[each]).join(', ')}; ${JSON.stringify(recipe)}\n`,
  );
  const { evaluation } = await trainer.fit();
  const reached = evaluation?.metrics.accuracy ?? Number.NaN;
  log(`accuracy on ${judged.classes.length} test images of these classes: ${reached.toFixed(4)}\n`);
  const weights = new Map([...model.namedParameters()].map(([name, { variable }]) => [name, variable as Tensor]));
  await writeSafetensorsFile(out, weights, {
    data: 'Fashion-MNIST, classes 0 1 3 5 7 8 9',
    seed: String(seed),
    accuracy: reached.toFixed(4),
  });
  log(`written to ${out}\n`);
  stack.detach();
}
