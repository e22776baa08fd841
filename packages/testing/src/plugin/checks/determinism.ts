import { manualSeed, TapgradError } from '@tapgrad/core';
import { course, differenceOf, trial } from '../trial.ts';
import { fail, type Subject } from './check.ts';

/**
 * Two runs of one seed are the same, bit for bit, whatever was drawn before outside the stack; and nothing is drawn from
 * `Math.random`, which no seed reaches.
 */
export async function checkDeterminism(subject: Subject): Promise<void> {
  const run = () => trial(subject.use.on, { plugins: [subject.use.plugins()] }, (each) => course(each, 3));
  const first = await run();
  manualSeed(12345);
  const second = await withoutMathRandom(run);
  const difference = differenceOf(second, first);
  if (difference === undefined) return;
  fail('determinism', subject, `in a second run with the same seed ${difference}`, {
    fix: 'draw from context.random(...), and keep nothing between runs',
  });
}

async function withoutMathRandom<T>(f: () => Promise<T>): Promise<T> {
  const { random } = Math;
  Math.random = () => {
    throw new TapgradError({
      code: 'PLUGIN_TEST_DETERMINISM',
      message: 'Math.random was called, which no seed reaches',
      fix: 'draw from context.random(...)',
    });
  };
  try {
    return await f();
  } finally {
    Math.random = random;
    manualSeed(0);
  }
}
