import { Command, Option } from 'commander';
import { backendNames } from '../../supersenses/src/options.ts';
import { UserError } from '../../supersenses/src/user-error.ts';
import {
  type MethodName,
  methodLines,
  methodName,
  models,
  notNegative,
  type Options,
  positive,
  type Settings,
  settingsOf,
  whole,
} from './options.ts';

const program = new Command('npm run continual --')
  .description('Trains a method over a stream of tasks, and shows what of the earlier ones is forgotten.')
  .option('--method <name>', 'what is done against forgetting; "help" lists them', 'er')
  .option('--methods', 'list the methods and end', false)
  .option(
    '--data <name or path>',
    '"wordnet" or "fashion"; or one\'s own: a TSV file, text<tab>label on each line, or a folder of images, <label>/*.png|jpg|jpeg',
    'wordnet',
  )
  .addOption(
    new Option('--scenario <name>', 'at test all classes compete, or the task of a sample is known')
      .choices(['class', 'task'])
      .default('class'),
  )
  .option('--tasks <count>', 'tasks to which the labels are dealt out', whole(2), 5)
  .option('--memory <samples>', 'samples that a replay memory holds', whole(1), 500)
  .option('--epochs <count>', 'passes over each task', whole(1), 2)
  .option('--batch <size>', 'samples a step', whole(1), 32)
  .addOption(
    new Option('--model <name>', 'texts: use-lite (pretrained) or tiny; images: resnet or mlp').choices([...models]),
  )
  .option('--learning-rate <rate>', 'of AdamW, instead of what suits the model', positive)
  .option('--strength <factor>', "factor of the method's own coefficient", notNegative, 1)
  .option('--train <count>', 'most training samples of a class (wordnet: 60, fashion: 600, else all)', whole(1))
  .option(
    '--test <count>',
    'most test samples of a class (wordnet: 15, fashion: 100, else one sample in five)',
    whole(1),
  )
  .option('--size <pixels>', "height and width that one's own images get", whole(8), 32)
  .addOption(
    new Option('--backend <name>', 'where the kernels run; "auto" takes WebGPU where there is a GPU')
      .choices(backendNames)
      .env('TAPGRAD_BACKEND')
      .default('wasm'),
  )
  .option('--seed <number>', 'of the split, the order of classes, initial weights and batches', whole(0), 1)
  .option('--checkpoint-every <steps>', 'steps after which the run is saved', whole(1), 50)
  .option('--out <folder>', 'where the run goes; without it one in runs/continual that these options name')
  .option('--resume [folder]', 'go on with that run, or with the newest, by its own options')
  .option('--fresh', 'start over where such a run was begun before', false)
  .option('--json', 'print one JSON object as the last line', false)
  .addHelpText(
    'after',
    `
The same command again goes on where a run was stopped, also after kill -9, bit for bit.

Methods:
${methodLines()}`,
  );

program.action(async (given: Omit<Options, 'method'> & { methods: boolean; method: string }) => {
  if (given.methods || given.method === 'help') {
    console.log(methodLines());
    return;
  }
  const options: Options = { ...given, method: chosen(given.method) };
  const { continual } = await import('./continual.ts');
  await continual(options, { defaults, signal: interrupted() });
});

/** The settings of a run without options. */
const defaults = settingsOf(program.opts<Settings>());

try {
  await program.parseAsync();
} catch (error) {
  if (!isForThePerson(error)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

/** By name, so that `--help` need not load what throws them. */
function isForThePerson(error: unknown): error is Error {
  return error instanceof Error && ['UserError', 'TapgradError'].includes(error.name);
}

function chosen(text: string): MethodName {
  try {
    return methodName(text);
  } catch (error) {
    throw new UserError((error as Error).message);
  }
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
