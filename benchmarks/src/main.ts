import { Command, InvalidArgumentError, Option } from 'commander';
import { accuracyCommand } from './accuracy/index.ts';
import { continualCommand } from './continual/index.ts';
import { hooks } from './hooks/index.ts';
import { memory } from './memory/index.ts';
import { offloadCommand } from './offload/index.ts';
import { type OpOptions, op } from './op/index.ts';
import { type Output, print, type Report } from './report.ts';
import { type StepOptions, step } from './step/index.ts';
import { networkNames, scales } from './step/networks/task.ts';
import { backends } from './step/task.ts';

interface Options extends Output {
  readonly rounds: number;
  readonly seed: number;
}

const program = new Command('bench').description('Measures tapgrad beside plain TensorFlow.js and jax-js.');

function benchmark<Own extends Options>(
  name: string,
  description: string,
  run: (options: Own) => Promise<Report>,
  { rounds = 5, runsOn = ['wasm'] }: { rounds?: number; runsOn?: readonly string[] } = {},
): Command {
  return program
    .command(name)
    .description(description)
    .addOption(new Option('--backend <name>', 'where the kernels run').choices(runsOn).default('wasm'))
    .option('--rounds <count>', 'repetitions, contestants taking turns', positive, rounds)
    .option('--seed <number>', 'seed of weights and batch', positive, 1)
    .option('--json', 'print one JSON object as the last line', false)
    .option('--out <file>', 'also write the result to a file')
    .action(async (options: Own) => print(await run(options), options));
}

benchmark<Options & StepOptions>('step', 'a full fine-tuning step: tapgrad, plain tfjs, jax-js', step, {
  runsOn: backends,
})
  .addOption(
    new Option('--network <name>', 'one of them; by default the transformer, on webgpu both').choices(networkNames),
  )
  .addOption(new Option('--scale <name>', '"tiny" tries the program in seconds').choices(scales).default('full'));
benchmark('memory', 'what training by each method holds, against full fine-tuning', memory, { rounds: 1 });
benchmark('hooks', 'what five observing plugins and an empty stack cost', hooks);
benchmark<Options & OpOptions>(
  'op',
  'host microseconds an op: tapgrad recorded and not, plain tfjs taped and not',
  op,
  { runsOn: backends },
);

program.addCommand(accuracyCommand());
program.addCommand(continualCommand());
program.addCommand(offloadCommand());

await program.parseAsync();

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a positive whole number');
  return value;
}
