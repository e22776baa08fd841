import { sgd } from '@tapgrad/train';
import { engine, getBackend, ready, setBackend } from '@tensorflow/tfjs-core';
import { SwitchedOptimizer } from '../switched-optimizer.ts';
import { trial } from '../trial.ts';
import { relativeDistance, type Values } from '../values.ts';
import { fail, type Subject } from './check.ts';

/** Of the norm, in float32. Updates are proportional to gradients: Adam would blow rounding up to its learning rate. */
const tolerance = 1e-3;
const learningRate = 0.05;

/** Registered backends beside the current one. On `meta` there are no values to compare. */
export function otherBackends(): string[] {
  return Object.keys(engine().registryFactory).filter((name) => name !== getBackend() && name !== 'meta');
}

/** Gradients, losses and predictions on another backend are those of the current one, but for rounding. */
export async function checkBackend(subject: Subject, other: string): Promise<void> {
  const { gradients } = subject.spec;
  const bound =
    typeof gradients === 'object' && 'lossy' in gradients ? Math.max(tolerance, gradients.bound) : tolerance;
  const home = getBackend();
  const expected = await figures(subject);
  let actual: typeof expected;
  try {
    await setBackend(other);
    await ready();
    actual = await figures(subject);
  } finally {
    await setBackend(home);
  }
  for (const [what, values] of Object.entries(expected) as [keyof typeof expected, Values][]) {
    const error = relativeDistance(actual[what], values);
    // Of a plugin that loses bits, a value at the edge of two codes may round otherwise, and what comes after an update
    // follows the gradients. The first loss comes before.
    if (error <= (what === 'firstLoss' ? tolerance : bound)) continue;
    fail('backends', subject, `${what} on ${other} differ from those on ${home} by ${error} of their norm`, {
      fix: 'compute with ops that both backends have, and let no result depend on which backend runs',
    });
  }
}

async function figures({
  use,
}: Subject): Promise<Readonly<Record<'gradients' | 'firstLoss' | 'losses' | 'predictions', Values>>> {
  const optimizer = new SwitchedOptimizer(sgd({ learningRate }));
  return trial(use.on, { plugins: [use.plugins()], optimizer }, async ({ step, predict }) => {
    const gradients = await optimizer.collect(() => step(0));
    const losses: number[] = [];
    for (let index = 0; index < 3; index++) losses.push(await step(index));
    return {
      gradients,
      firstLoss: new Map([['loss', losses.slice(0, 1)]]),
      losses: new Map([['loss', losses]]),
      predictions: await predict(0),
    };
  });
}
