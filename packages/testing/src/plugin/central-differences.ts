import { randomStream } from '@tapgrad/core';
import { hasFloat64Engine } from '../precision.ts';
import { fail, type Subject } from './checks/check.ts';
import type { Trial } from './trial.ts';
import { loadStored, storedState, type Values } from './values.ts';

interface Tolerances {
  readonly eps: number;
  /** Of the error of a central difference in `eps`. */
  readonly order: 2 | 4;
  /** Of a derivative along a direction. */
  readonly absolute: number;
  /** Of the gradients along it. */
  readonly relative: number;
  /** How much farther a parameter with small gradients may be moved, so that it counts as much as the others. */
  readonly stretch: number;
}

/** Of fourth order, so that parameters with small gradients can be moved far. */
const float64: Tolerances = { eps: 2e-7, order: 4, absolute: 3e-8, relative: 1e-5, stretch: 30 };
/** Rounding of the loss is divided by the step: only gross errors show. */
const float32: Tolerances = { eps: 5e-4, order: 2, absolute: 1e-3, relative: 5e-2, stretch: 1 };

/** A wrong gradient differs along any two of them; along one of many a kink (of ReLU, say) may be in the way. */
const directions = 3;
const differing = 2;

/**
 * Holds the gradients of one whole step against central differences of its loss, along random directions in which every
 * element of every parameter that trains has a share: one wrong element shows in all of them. Hooks run as in any step;
 * state and step number are rewound for each. If they differ, parameters and elements are looked through one by one.
 */
export async function checkCentralDifferences(subject: Subject, trial: Trial): Promise<void> {
  const tolerances = hasFloat64Engine() ? float64 : float32;
  const { stack, optimizer, step } = trial;
  const here = await storedState(stack);
  const trained = [...stack.trainableParameters().keys()];
  const gradients = new Map(await optimizer.collect(() => step(0)));
  const stray = [...gradients.keys()].find((name) => !trained.includes(name));
  if (stray !== undefined) fail('gradients', subject, `${stray} does not train, and has a gradient`);
  // No gradient says that the derivative is zero.
  for (const name of trained)
    if (!gradients.has(name)) gradients.set(name, new Float64Array(here.values.get(name)!.length));
  const slope = async (direction: Values): Promise<number> => {
    const at = async (by: number): Promise<number> => {
      loadStored(stack, here, moved(here.values, direction, by));
      let loss = Number.NaN;
      await optimizer.collect(async () => {
        loss = await step(0);
      });
      return loss;
    };
    const { eps, order } = tolerances;
    const near = (await at(eps)) - (await at(-eps));
    if (order === 2) return near / (2 * eps);
    const far = (await at(2 * eps)) - (await at(-2 * eps));
    return (8 * near - far) / (12 * eps);
  };
  let wrongDirections = 0;
  // Those that are left may no longer suffice.
  for (let number = 0; wrongDirections + directions - number >= differing; number++) {
    const direction = randomDirection(gradients, number, tolerances.stretch);
    const wrong = await comparison(gradients, direction, slope, tolerances);
    if (wrong === undefined || ++wrongDirections < differing) continue;
    const place = await firstWrong(gradients, slope, tolerances);
    fail('gradients', subject, place ?? `along a random direction in all parameters the derivative is ${wrong}`, {
      fix: 'compare the formulas with the derivative on paper, or declare what the gradients are instead',
    });
  }
  loadStored(stack, here);
}

type Slope = (direction: Values) => Promise<number>;

/** What is wrong along a direction, if anything is. */
async function comparison(
  gradients: Values,
  direction: Values,
  slope: Slope,
  { absolute, relative }: Tolerances,
): Promise<string | undefined> {
  let [tape, size] = [0, 0];
  for (const [name, along] of direction) {
    const gradient = gradients.get(name)!;
    for (let i = 0; i < along.length; i++) {
      tape += gradient[i]! * along[i]!;
      size += (gradient[i]! * along[i]!) ** 2;
    }
  }
  const numeric = await slope(direction);
  const agree = Math.abs(tape - numeric) <= absolute + relative * Math.sqrt(size);
  return agree ? undefined : `${tape} by the tape, ${numeric} by central differences`;
}

/** Every parameter moves, those with small gradients farther than others. */
function randomDirection(gradients: Values, number: number, stretch: number): Values {
  const norms = new Map([...gradients].map(([name, each]) => [name, norm(each)]));
  const largest = Math.max(...norms.values(), 1e-30);
  return new Map(
    [...gradients].map(([name, each], index) => {
      const random = randomStream(7, 'direction', number, index).normal(each.length);
      const scale = Math.min(stretch, largest / Math.max(norms.get(name)!, 1e-30)) / norm(random);
      return [name, Array.from(random, (value) => value * scale)];
    }),
  );
}

/** Looks for the parameter, and for its element, so that the message can name them. */
async function firstWrong(gradients: Values, slope: Slope, tolerances: Tolerances): Promise<string | undefined> {
  for (const [name, gradient] of gradients) {
    const along = randomDirection(new Map([[name, gradient]]), 0, 1);
    const wrong = await comparison(gradients, along, slope, tolerances);
    if (wrong === undefined) continue;
    for (let element = 0; element < Math.min(gradient.length, 100); element++) {
      const axis = new Map([[name, Array.from(gradient, (_, i) => (i === element ? 1 : 0))]]);
      const one = await comparison(gradients, axis, slope, { ...tolerances, absolute: 1e-3 * norm(gradient) + 1e-8 });
      if (one !== undefined) return `the gradient of ${name}, element ${element}, is ${one}`;
    }
    return `the gradient of ${name} along a random direction is ${wrong}`;
  }
  return undefined;
}

function moved(values: Values, direction: Values, by: number): Values {
  return new Map(
    [...direction].map(([name, along]) => [name, Array.from(values.get(name)!, (value, i) => value + by * along[i]!)]),
  );
}

function norm(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]! ** 2;
  return Math.sqrt(total);
}
