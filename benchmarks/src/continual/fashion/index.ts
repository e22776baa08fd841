import { useWasm } from '@tapgrad/backend-wasm';
import { sgd } from '@tapgrad/train';
import { dispose } from '@tensorflow/tfjs-core';
import { chosen } from '../../accuracy/experiment/options.ts';
import type { Report } from '../../report.ts';
import { ResultsFile } from '../experiment/results-file.ts';
import { runMethod } from '../experiment/run-method.ts';
import { summarize } from '../experiment/summary.ts';
import { commandLine, type FashionOptions } from '../options.ts';
import { fashionParts, imagesPerClass } from './images.ts';
import { fashionMethods, memorySamples } from './methods.ts';
import { buildModel, type ModelName, sideOf } from './models.ts';
import { fashionStream } from './stream.ts';

export const batchSize = 32;
export const learningRate = 0.1;
/** Of each task. */
export const epochsOf: Readonly<Record<ModelName, number>> = { mlp: 2, resnet: 1 };

const about = `Fashion-MNIST in five tasks of two classes, in an order of the seed: ${imagesPerClass.train} training images a class, memory of ${memorySamples}, plain SGD at ${learningRate}, batches of ${batchSize}, ${epochsOf.mlp} epochs (mlp) and ${epochsOf.resnet} (resnet), ${imagesPerClass.test} test images a class; options chosen with the first seed on ${imagesPerClass.validation} other training images a class`;

/** Split-Fashion-MNIST by all methods, class- and task-incremental. */
export async function splitFashion(options: FashionOptions): Promise<Report> {
  await useWasm();
  const file = new ResultsFile({ experiment: 'split-fashion', about, out: options.out, add: options.add });
  for (const model of options.model) {
    const parts = fashionParts(sideOf[model]);
    for (const scenario of options.scenario) {
      for (const method of chosen(fashionMethods(model), options.methods)) {
        await runMethod({
          method,
          labels: { model, scenario },
          seeds: options.seeds,
          file,
          command: commandLine(),
          build: (seed) => buildModel(model, parts.classNames.length, seed),
          run: (seed, judge) => ({
            stream: fashionStream(parts, parts[judge], scenario, seed),
            batchSize,
            epochs: epochsOf[model],
            optimizer: () => sgd({ learningRate }),
            seed,
          }),
        });
      }
    }
    dispose([parts.train, parts.validation, parts.test].map((part) => ({ ...part })));
  }
  return summarize('split-fashion', about, file.rows);
}
