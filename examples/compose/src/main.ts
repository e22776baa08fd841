import { Command, InvalidArgumentError } from 'commander';
import { combinations } from './combinations.ts';
import { compose } from './compose.ts';

await new Command('npm run compose --')
  .description('Attaches plugins of several families to one model, and shows what they cost alone and together.')
  .option('--steps <count>', 'training steps of each run', wholeNumber, 10)
  .option('--only <list>', `combinations, with commas: 1 to ${combinations.length}`, listOfCombinations)
  .action(async (options: { readonly steps: number; readonly only?: readonly number[] }) => {
    await compose(options, console.log);
  })
  .parseAsync();

function listOfCombinations(text: string): number[] {
  return text.split(',').map((each) => {
    const number = wholeNumber(each);
    if (number > combinations.length) throw new InvalidArgumentError(`there are ${combinations.length} combinations`);
    return number;
  });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0');
  return value;
}
