import { useWasm } from '@tapgrad/backend-wasm';
import { randomStream } from '@tapgrad/core';
import { loadSentenceEncoder } from '@tapgrad/nn';
import { adamw, classIncremental, tensorData } from '@tapgrad/train';
import { dispose, tensor2d } from '@tensorflow/tfjs-core';
import { classVectors } from '../../../../examples/continual/src/class-vectors.ts';
import type { Example } from '../../../../examples/supersenses/src/data/examples.ts';
import { supersenses as names, readWordNet } from '../../../../examples/supersenses/src/data/wordnet.ts';
import { chosen } from '../../accuracy/experiment/options.ts';
import type { Report } from '../../report.ts';
import { ResultsFile } from '../experiment/results-file.ts';
import { runMethod } from '../experiment/run-method.ts';
import { summarize } from '../experiment/summary.ts';
import { type ContinualOptions, commandLine } from '../options.ts';
import { memorySamples, supersensesMethods } from './methods.ts';
import { pickSentences, sentencesPerClass, tokens, tokenTable } from './sentences.ts';

const batchSize = 16;
const learningRate = 5e-4;
const epochs = 1;

const about = `WordNet supersenses in five tasks of nine, in an order of the seed, class-incremental: ${sentencesPerClass.train} glosses a class at most, cut at ${tokens} tokens, Universal Sentence Encoder lite fine-tuned whole, AdamW at ${learningRate}, batches of ${batchSize}, ${epochs} epoch, memory of ${memorySamples}, ${sentencesPerClass.test} test glosses a class; options chosen with the first seed on ${sentencesPerClass.validation} other glosses a class`;

/** The classes of WordNet's glosses, nine at a time, by the pretrained text transformer. */
export async function supersenses(options: ContinualOptions): Promise<Report> {
  await useWasm();
  const parts = pickSentences(readWordNet(), names);
  const encoder = await loadSentenceEncoder();
  const encode = (text: string) => encoder.tokenizer!.encode(text);
  const tensorsOf = (part: readonly Example[]) => {
    const { ids, labels } = tokenTable(part, names, encode);
    return { inputs: tensor2d(ids, [labels.length, tokens], 'int32'), labels };
  };
  const data = {
    train: tensorsOf(parts.train),
    validation: tensorsOf(parts.validation),
    test: tensorsOf(parts.test),
  };
  encoder.dispose();
  const vectors = await classVectors(names);
  const file = new ResultsFile({ experiment: 'supersenses', about, out: options.out, add: options.add });
  for (const method of chosen(supersensesMethods(vectors), options.methods)) {
    await runMethod({
      method,
      labels: { model: 'use-lite', scenario: 'class' },
      seeds: options.seeds,
      file,
      command: commandLine(),
      build: (seed) => loadSentenceEncoder({ classes: names.length, random: randomStream(seed, 'classifier') }),
      run: (seed, judge) => ({
        stream: classIncremental(
          { train: tensorData(data.train), test: tensorData(data[judge]) },
          { tasks: 5, seed, classNames: names },
        ),
        batchSize,
        epochs,
        optimizer: () => adamw({ learningRate }),
        seed,
      }),
    });
  }
  dispose([data.train, data.validation, data.test].map(({ inputs }) => inputs));
  return summarize('supersenses', about, file.rows);
}
