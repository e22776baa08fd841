import { TapgradError } from '@tapgrad/core';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { builtInModels } from './models/index.ts';
import { json, tables } from './plan/format.ts';
import { optimizers } from './plan/optimizers.ts';
import { planModel } from './plan/plan-model.ts';
import { plugins } from './plan/plugins.ts';
import { UserError } from './user-error.ts';

/** Where a command writes. */
export interface Output {
  out(text: string): void;
  error(text: string): void;
}

/** Runs the command line `tapgrad …`. @returns the exit code: 0, or 1 after one line that says what was wrong */
export async function run(args: readonly string[], output: Output): Promise<number> {
  try {
    await commands(output).parseAsync(args, { from: 'user' });
    return 0;
  } catch (thrown) {
    // Commander has said it already.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 1;
    if (!(thrown instanceof UserError || thrown instanceof TapgradError)) throw thrown;
    output.error(`error: ${thrown.message}`);
    return 1;
  }
}

function commands({ out, error }: Output): Command {
  // Commands take over what is set before they are made.
  const program = new Command('tapgrad')
    .description('What a training step will hold, before anything is downloaded')
    .exitOverride()
    .configureOutput({ writeOut: (text) => out(text.trimEnd()), writeErr: (text) => error(text.trimEnd()) });
  program
    .command('plan')
    .description('plans one training step of a built-in model and prints its memory')
    .argument('<model>', `one of ${Object.keys(builtInModels).join(', ')}`)
    .option('-b, --batch <n>', 'samples in a batch', whole, 32)
    .option('-t, --tokens <n>', 'tokens of each text', whole, 128)
    .option('--decoder-tokens <n>', 'tokens of each text that a decoder writes', whole, 2)
    .option('-i, --image <pixels>', "height and width of images (default: the model's)", whole)
    .option('-c, --classes <n>', "classes of the classifier (default: the model's)", whole)
    .option('-p, --plugins <names>', `with commas between: ${Object.keys(plugins).join(', ')}`, list, [])
    .option('--options <json>', `options by plugin: '{"ladder":{"reduction":4}}'`)
    .option('-o, --optimizer <name>', `whose state counts: ${Object.keys(optimizers).join(', ')}`, 'adamw')
    .option('--json', 'print JSON', false)
    .action(async (model: string, { json: asJson, ...options }) => {
      const planned = await planModel({ image: undefined, classes: undefined, options: undefined, ...options, model });
      out(asJson ? json(planned) : tables(planned));
    });
  return program;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1.');
  return value;
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
}
