import { Command, InvalidArgumentError } from 'commander';
import { print, type Report } from '../report.ts';
import { emoji } from './emoji.ts';
import { type ExperimentOptions, names, seedList } from './experiment/options.ts';
import { fashionLocal } from './fashion-local.ts';
import { fashionVit } from './fashion-vit.ts';
import { type PretrainingOptions, pretrainVit } from './pretrain-vit.ts';
import { supersenses } from './supersenses.ts';

const shippedVit = 'benchmarks/models/fashion-vit.safetensors';

/** `bench accuracy <experiment>`: what methods reach on real data. */
export function accuracyCommand(): Command {
  const command = new Command('accuracy').description('What methods reach on real data.');

  function experiment<Options extends ExperimentOptions>(
    name: string,
    description: string,
    run: (options: Options) => Promise<Report>,
  ): Command {
    return command
      .command(name)
      .description(description)
      .option('--seeds <list>', 'one training by each; the first also chooses learning rates', seedList, [1, 2, 3])
      .option('--methods <list>', 'only these', names)
      .option('--json', 'print one JSON object as the last line', false)
      .option('--out <file>', 'also write the result to a file')
      .option('--add', 'keep what that file says of other methods', false)
      .action(async (options: Options) => print(await run(options), options));
  }

  experiment('emoji', 'categories of emoji by the top of a pretrained MobileNetV2', emoji);
  experiment('fashion-local', 'a residual network in gradient-isolated parts, from scratch', fashionLocal);
  experiment('fashion-vit', 'a vision transformer on three classes it was not pretrained on', fashionVit).option(
    '--model <file>',
    'its weights',
    shippedVit,
  );
  experiment('supersenses', 'the main job by all methods, once a seed', supersenses).option(
    '--steps <count>',
    'training steps of each method',
    positive,
    120,
  );
  command
    .command('pretrain-vit')
    .description('pretrains the model of `fashion-vit`; an interrupted run goes on where it stood')
    .option('--epochs <count>', 'passes over the 42,000 images', positive, 3)
    .option('--seed <number>', 'of weights, order and augmentation', positive, 1)
    .option('--checkpoints <folder>', 'where a run can go on from', 'runs/pretrain-vit')
    .option('--out <file>', 'where the weights go', shippedVit)
    .action((options: PretrainingOptions) => pretrainVit(options));
  return command;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a positive whole number');
  return value;
}
