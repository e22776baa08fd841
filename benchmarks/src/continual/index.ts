import { Command } from 'commander';
import { names, seedList } from '../accuracy/experiment/options.ts';
import { print, type Report } from '../report.ts';
import { classVectorsFile, writeClassVectors } from './fashion/class-vectors.ts';
import { splitFashion } from './fashion/index.ts';
import { type ContinualOptions, modelList, scenarioList } from './options.ts';
import { reference } from './reference/index.ts';
import { supersenses } from './supersenses/index.ts';
import { zsclTransfer } from './zscl/index.ts';

/** `bench continual <experiment>`: what is kept of earlier tasks by methods of continual learning. */
export function continualCommand(): Command {
  const command = new Command('continual').description('What methods of continual learning keep of earlier tasks.');

  function experiment<Options extends ContinualOptions>(
    name: string,
    description: string,
    run: (options: Options) => Promise<Report>,
    seeds = [1, 2, 3],
  ): Command {
    return command
      .command(name)
      .description(description)
      .option('--seeds <list>', 'one training by each; the first also chooses options', seedList, seeds)
      .option('--methods <list>', 'only these', names)
      .option('--json', 'print one JSON object as the last line', false)
      .option('--out <file>', 'also write the result to a file, after every run')
      .option('--add', 'keep what that file says of other methods, models, scenarios and seeds', false)
      .action(async (options: Options) => print(await run(options), options));
  }

  experiment('split-fashion', 'Fashion-MNIST in five tasks of two classes, all methods', splitFashion)
    .option('--model <list>', 'mlp, resnet', modelList, ['mlp', 'resnet'])
    .option('--scenario <list>', 'class, task', scenarioList, ['class', 'task']);
  experiment('supersenses', 'WordNet supersenses in five tasks by a sentence encoder', supersenses, [1]);
  experiment('zscl', 'what an image-text model keeps of what it knew before its first task', zsclTransfer);
  experiment('reference', 'finetuning and replay by plain TensorFlow.js, beside tapgrad', reference);
  command
    .command('class-vectors')
    .description('writes the vectors of class names that LingoCL takes as its head')
    .option('--out <file>', 'where they go', classVectorsFile)
    .action(({ out }: { out: string }) => writeClassVectors(out));
  return command;
}
