import { InvalidArgumentError } from 'commander';
import { names } from '../accuracy/experiment/options.ts';
import type { Output } from '../report.ts';
import { type ModelName, modelNames } from './fashion/models.ts';

export const scenarios = ['class', 'task'] as const;
export type ScenarioName = (typeof scenarios)[number];

export interface ContinualOptions extends Output {
  readonly seeds: readonly number[];
  /** Only these methods. */
  readonly methods?: readonly string[];
  /** Keep what `out` says of other rows, and of other seeds of the same ones. */
  readonly add: boolean;
}

export interface FashionOptions extends ContinualOptions {
  readonly model: readonly ModelName[];
  readonly scenario: readonly ScenarioName[];
}

export const modelList = (text: string) => listOf(modelNames, text);
export const scenarioList = (text: string) => listOf(scenarios, text);

function listOf<Name extends string>(known: readonly Name[], text: string): Name[] {
  return names(text).map((name) => {
    const found = known.find((each) => each === name);
    if (!found) throw new InvalidArgumentError(`expected some of ${known.join(', ')}`);
    return found;
  });
}

/** What repeats this run. */
export function commandLine(): string {
  return `npm run bench continual -- ${process.argv.slice(3).join(' ')}`;
}
