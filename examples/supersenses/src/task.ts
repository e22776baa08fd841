import { makeTask, type Task } from './data/examples.ts';
import { readTsv } from './data/tsv.ts';
import { readWordNet, supersenses } from './data/wordnet.ts';
import type { Options } from './options.ts';
import { UserError } from './user-error.ts';

/** The sentences that the options ask for. Throws `UserError`. */
export function loadTask({ data, testData, labels, train, test }: Options): Task {
  const sizes = { trainSize: train, testSize: test };
  const testExamples = testData === undefined ? undefined : readTsv(testData, labels);
  if (data !== 'wordnet') {
    return makeTask(readTsv(data, labels), { name: data, ...sizes, ...(testExamples && { testExamples }) });
  }
  const known = new Set<string>(supersenses);
  const stranger = labels?.find((label) => !known.has(label));
  if (stranger !== undefined) {
    throw new UserError(`unknown label "${stranger}"; WordNet's are ${supersenses.join(', ')}`);
  }
  const wanted = new Set<string>(labels ?? supersenses);
  const examples = readWordNet().filter(({ label }) => wanted.has(label));
  return makeTask(examples, { name: 'WordNet supersenses', ...sizes, ...(testExamples && { testExamples }) });
}
