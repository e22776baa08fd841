import { useWasm } from '@tapgrad/backend-wasm';
import { copyOf } from '@tapgrad/core';
import type { DualEncoder } from '@tapgrad/nn';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { chosen } from '../../accuracy/experiment/options.ts';
import type { Output, Report } from '../../report.ts';
import { l2, type ReferenceData, transferMethods } from './methods.ts';
import { buildModel, pretrain, pretraining } from './model.ts';
import { rowsOf } from './pictures.ts';
import { published, type TransferRow, transferRow } from './rows.ts';
import { runStream, type StreamRun, training } from './run-stream.ts';
import { emojiSizes, makeWorld, sizes, type World } from './world.ts';

export interface TransferOptions extends Output {
  readonly seeds: readonly number[];
  /** Only these methods; the two bounds of the ratio are always run. */
  readonly methods?: readonly string[];
}

const about = `An image-text pair of our own making: ${sizes.pretraining} Fashion-MNIST pictures in six styles and ${emojiSizes.pretraining} emoji, 14 x 14, with captions, pretrain a dual encoder (three layers; one transformer block) for ${pretraining.steps} steps; then five tasks, four of five clothes each in one style and one of eight emoji categories, ${training.steps} steps of AdamW at ${training.learningRate} each, in an order of the seed. Transfer is the mean accuracy on tasks not yet learned. L2 coefficient ${l2}, chosen with seed 11`;

/** What an image-text model keeps of its zero-shot knowledge while it learns task after task. */
export async function zsclTransfer(options: TransferOptions): Promise<Report> {
  await useWasm();
  const wanted = options.methods && [...new Set(['zero-shot', 'fine-tune', ...options.methods])];
  const methods = chosen(transferMethods(training.steps), wanted);
  const runs = new Map<string, StreamRun[]>(methods.map(({ name }) => [name, []]));
  for (const seed of options.seeds) {
    const world = makeWorld(seed);
    const model = buildModel(world.vocabulary.size, seed);
    const loss = await pretrain(model, world, seed);
    console.log(`seed ${seed}: pretrained to a loss of ${loss.toFixed(3)}`);
    await onePretrained(model, world, async (reference, reset) => {
      for (const method of methods) {
        reset();
        const run = await runStream(model, world, method, reference, seed);
        runs.get(method.name)?.push(run);
        console.log(
          `  ${method.name.padEnd(24)} transfer ${(100 * transferRow(method.name, [run]).transfer).toFixed(1)} %`,
        );
      }
    });
    model.dispose();
  }
  return report(
    [...runs].map(([name, all]) => transferRow(name, all)),
    options.seeds,
  );
}

/** Lets `f` begin as often as it likes at the pretrained weights. */
async function onePretrained(
  model: DualEncoder,
  { reference, sentences, vocabulary }: World,
  f: (reference: ReferenceData, reset: () => void) => Promise<void>,
): Promise<void> {
  const start = new Map<string, Tensor>([...model.state()].map(([name, each]) => [name, copyOf(each)]));
  const all = Array.from(reference.words, (_, row) => row);
  const plain = all.filter((row) => reference.styles[row] === 'plain');
  const data = { images: rowsOf(reference, all), plain: rowsOf(reference, plain), texts: vocabulary.encode(sentences) };
  try {
    await f(data, () => model.loadState(start));
  } finally {
    dispose([...start.values(), ...Object.values(data)]);
  }
}

function report(rows: readonly TransferRow[], seeds: readonly number[]): Report {
  const zeroShot = rows.find(({ method }) => method === 'zero-shot')?.transfer ?? Number.NaN;
  const percent = (share: number) => (100 * share).toFixed(1);
  return {
    title: about,
    columns: ['method', 'transfer', 'of zero-shot', 'published', 'average', 'last', 'transfer by seed', 'step ms'],
    rows: rows.map((row) => [
      row.method,
      percent(row.transfer),
      (row.transfer / zeroShot).toFixed(3),
      published[row.method]?.toFixed(2) ?? '',
      percent(row.average),
      percent(row.last),
      row.seeds.map(({ transfer }) => percent(transfer)).join(' '),
      row.stepMs.toFixed(1),
    ]),
    figures: Object.fromEntries(rows.map(({ method, transfer }) => [`${method} of zero-shot`, transfer / zeroShot])),
    raw: {
      experiment: 'zscl',
      about,
      seeds,
      command: `npm run bench continual -- ${process.argv.slice(3).join(' ')}`,
      rows,
    },
  };
}
