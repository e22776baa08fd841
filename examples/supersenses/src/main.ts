import { Command, Option } from 'commander';
import type { ClassifyOptions } from './classify.ts';
import {
  backendNames,
  integer,
  list,
  methodAbouts,
  methodList,
  type Options,
  positive,
  positiveInteger,
  usualMethods,
} from './options.ts';
import { UserError } from './user-error.ts';

const program = new Command('npm start --')
  .description('Fine-tunes a pretrained sentence encoder and compares methods: same data, same steps, same seed.')
  .option('--methods <list>', 'which, with commas (below), or all', methodList, [...usualMethods])
  .option('--steps <count>', 'training steps of each method', positiveInteger, 120)
  .option('--batch <size>', 'sentences a step', positiveInteger, 32)
  .option(
    '--model <name or folder>',
    '"use-lite" (pretrained), "tiny" (random weights), or a folder with a tfjs model of the use-lite family',
    'use-lite',
  )
  .option('--data <name or file>', '"wordnet", or a TSV file of one\'s own: text<tab>label on each line', 'wordnet')
  .option('--test-data <file>', 'TSV to judge on; without it a fixed part of the data is kept for that')
  .option('--labels <list>', 'use only these labels of WordNet; in a TSV file any other is an error', list)
  .option('--train <count>', 'most training sentences', positiveInteger, 8000)
  .option('--test <count>', 'most test sentences', positiveInteger, 1000)
  .option('--learning-rate <rate>', "instead of each method's own", positive)
  .addOption(
    new Option('--backend <name>', 'where the kernels run; "auto" takes WebGPU where there is a GPU')
      .choices(backendNames)
      .env('TAPGRAD_BACKEND')
      .default('wasm'),
  )
  .option('--seed <number>', 'seed of initial weights and order', integer, 1)
  .option('--out <folder>', 'where the trained weights go', 'runs/supersenses')
  .option('--report <file>', 'where the page with the curves goes', 'report/index.html')
  .option('--json', 'print one JSON object as the last line', false)
  .action(async (options: Options) => (await import('./compare.ts')).compare(options, interrupted()));

const width = Math.max(...Object.keys(methodAbouts).map((name) => name.length));
const abouts = Object.entries(methodAbouts).map(([name, about]) => `  ${name.padEnd(width)}  ${about}`);
program.addHelpText('after', `\nMethods, and what of the model trains:\n${abouts.join('\n')}`);

program
  .command('classify')
  .description('names the class of a sentence, with what an earlier run trained')
  .argument('<sentence...>')
  .option('--from <file>', "trained weights; without it the ladder's in the folder, or another method's")
  .option('--top <count>', 'how many classes to show', positiveInteger, 5)
  .action(async (words: string[], own: Pick<ClassifyOptions, 'from' | 'top'>, command: Command) =>
    (await import('./classify.ts')).classify(words.join(' '), { ...command.optsWithGlobals<Options>(), ...own }),
  );

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

/** Aborted by the first Ctrl-C; the second ends the program where it stands. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    console.error('\nstopping after this step; once more to end at once');
    controller.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return controller.signal;
}
