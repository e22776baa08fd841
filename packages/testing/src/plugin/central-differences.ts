import { randomStream } from '@tapgrad/core';
import { hasFloat64Engine } from '../precision.ts';
import { fail, type Subject } from './checks/check.ts';
import type { Trial } from './trial.ts';
import { loadStored, storedState, type Values } from './values.ts';

interface Tolerances {
  readonly eps: number;
  /** Of the directional derivative. */
  readonly absolute: number;
  /** Of the gradient's norm. */
  readonly relative: number;
}

const float64: Tolerances = { eps: 1e-6, absolute: 1e-8, relative: 1e-5 };
/** Rounding of the loss is divided by the step: only gross errors show. */
const float32: Tolerances = { eps: 1e-2, absolute: 1e-3, relative: 5e-2 };

/**
 * Holds the gradients of one whole step against central differences of its loss: for each parameter that trains, along a
 * random direction, in which every element has a share. Hooks run as in any step; state and step number are rewound for each.
 */
export async function checkCentralDifferences(subject: Subject, trial: Trial): Promise<void> {
  const { stack, optimizer, step } = trial;
  const tolerances = hasFloat64Engine() ? float64 : float32;
  const here = await storedState(stack);
  const gradients = await optimizer.collect(() => step(0));
  const trained = [...stack.trainableParameters().keys()];
  const stray = [...gradients.keys()].find((name) => !trained.includes(name));
  if (stray !== undefined) fail('gradients', subject, `${stray} does not train, and has a gradient`);
  if (trained.length === 0) fail('gradients', subject, 'no parameter trains');
  const lossAt = async (moved: Values): Promise<number> => {
    loadStored(stack, here, moved);
    let loss = Number.NaN;
    await optimizer.collect(async () => {
      loss = await step(0);
    });
    return loss;
  };
  for (const [index, name] of trained.entries()) {
    const values = here.values.get(name)!;
    const slope = slopeOf(lossAt, name, values, tolerances.eps);
    const gradient = gradients.get(name) ?? new Float64Array(values.length);
    const direction = unit(randomStream(7, 'direction', index).normal(values.length));
    const [tape, numeric] = [dot(gradient, direction), await slope(direction)];
    if (agree(tape, numeric, norm(gradient), tolerances)) continue;
    const element = await firstWrong(slope, gradient, tolerances);
    fail(
      'gradients',
      subject,
      `the gradient of ${name} along a random direction is ${tape}, central differences give ${numeric}${element}`,
      {
        fix: 'compare the formulas with the derivative on paper, or declare what the gradients are instead',
      },
    );
  }
  loadStored(stack, here);
}

type Slope = (direction: ArrayLike<number>) => Promise<number>;

function slopeOf(lossAt: (moved: Values) => Promise<number>, name: string, at: ArrayLike<number>, eps: number): Slope {
  const moved = (direction: ArrayLike<number>, by: number) =>
    new Map([[name, Float64Array.from(at, (value, i) => value + by * direction[i]!)]]);
  return async (direction) =>
    ((await lossAt(moved(direction, eps))) - (await lossAt(moved(direction, -eps)))) / (2 * eps);
}

/** Looks a wrong gradient through element by element, so that the message can name one. */
async function firstWrong(slope: Slope, gradient: ArrayLike<number>, tolerances: Tolerances): Promise<string> {
  for (let element = 0; element < Math.min(gradient.length, 100); element++) {
    const numeric = await slope(Array.from(gradient, (_, i) => (i === element ? 1 : 0)));
    const tape = gradient[element]!;
    if (!agree(tape, numeric, norm(gradient), tolerances)) return `; element ${element} is ${tape}, not ${numeric}`;
  }
  return '';
}

function agree(tape: number, numeric: number, size: number, { absolute, relative }: Tolerances): boolean {
  return Math.abs(tape - numeric) <= absolute + relative * size;
}

function unit(direction: ArrayLike<number>): number[] {
  const length = norm(direction) || 1;
  return Array.from(direction, (value) => value / length);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

function norm(values: ArrayLike<number>): number {
  return Math.sqrt(dot(values, values));
}
