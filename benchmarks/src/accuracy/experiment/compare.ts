import type { BatchSource } from '@tapgrad/train';
import type { Classifier, Method } from './method.ts';
import { type Outcome, trainOnce } from './train.ts';

/** One seed's data: `fit` and `validation` are two parts of `train`; the learning rate is chosen on them. */
export interface Parts {
  readonly train: BatchSource;
  readonly test: BatchSource;
  /** Both only where a method has several rates. */
  readonly fit?: BatchSource;
  readonly validation?: BatchSource;
}

export interface Comparison<Model extends Classifier> {
  readonly methods: readonly Method<Model>[];
  readonly seeds: readonly number[];
  readonly epochs: number;
  readonly weightDecay?: number;
  /** A fresh model: pretrained weights are the same for all seeds, new ones are not. */
  build(seed: number): Model | Promise<Model>;
  parts(seed: number): Parts;
}

/** What one method came to. */
export interface Row extends Omit<Outcome, 'accuracy'> {
  readonly method: string;
  /** Mean over the seeds. */
  readonly accuracy: number;
  /** By seed. */
  readonly accuracies: Readonly<Record<string, number>>;
  /** Undefined: what is trained has its own. */
  readonly learningRate?: number;
  /** Accuracy on the validation part by learning rate, with the first seed. */
  readonly validation?: Readonly<Record<string, number>>;
}

/** Chooses each method's learning rate on the validation part with the first seed, then trains with every seed. */
export async function compare<Model extends Classifier>(
  comparison: Comparison<Model>,
  log: (line: string) => void = console.log,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const method of comparison.methods) {
    const row = await compareOne(comparison, method);
    const seeds = Object.values(row.accuracies).map((value) => (100 * value).toFixed(1));
    log(
      `${method.name.padEnd(24)} ${(100 * row.accuracy).toFixed(1)} % (${seeds.join(', ')})  rate ${row.learningRate} of ${JSON.stringify(row.validation)}  peak ${(row.peakBytes / 1e6).toFixed(1)} MB  ${row.stepMs.toFixed(0)} ms a step`,
    );
    rows.push(row);
  }
  return rows;
}

async function compareOne<Model extends Classifier>(
  { seeds, epochs, weightDecay, build, parts }: Comparison<Model>,
  method: Method<Model>,
): Promise<Row> {
  const settings = { epochs, ...(weightDecay !== undefined && { weightDecay }) };
  const [first] = seeds as readonly [number];
  const validation: Record<string, number> = {};
  for (const learningRate of method.rates.length > 1 ? method.rates : []) {
    const { fit, validation: test } = parts(first);
    if (!fit || !test) throw new Error(`nothing to choose the rate of ${method.name} on`);
    const run = { ...settings, train: fit, test, learningRate, seed: first };
    validation[learningRate] = (await trainOnce(await build(first), method, run)).accuracy;
  }
  const learningRate = best(method.rates, validation);
  const outcomes: Outcome[] = [];
  for (const seed of seeds) {
    const { train, test } = parts(seed);
    outcomes.push(await trainOnce(await build(seed), method, { ...settings, train, test, learningRate, seed }));
  }
  const { accuracy: _, ...costs } = outcomes[0]!;
  return {
    method: method.name,
    accuracy: outcomes.reduce((total, { accuracy }) => total + accuracy, 0) / outcomes.length,
    accuracies: Object.fromEntries(seeds.map((seed, index) => [seed, outcomes[index]!.accuracy])),
    learningRate,
    validation,
    ...costs,
  };
}

/** The rate with the highest accuracy; of equals the first. */
function best(rates: readonly number[], accuracies: Readonly<Record<string, number>>): number {
  return rates.reduce((chosen, rate) => ((accuracies[rate] ?? 0) > (accuracies[chosen] ?? 0) ? rate : chosen));
}
