import { manualSeed, TapgradError } from '@tapgrad/core';
import { type HookJournal, partingHook } from '../hook-journal.ts';
import { course, differenceOf, trial } from '../trial.ts';
import { fail, type Subject } from './check.ts';

/**
 * Two runs of one seed are the same, bit for bit, whatever was drawn before outside the stack; and nothing is drawn from
 * `Math.random`, which no seed reaches.
 */
export async function checkDeterminism(subject: Subject): Promise<void> {
  const { on } = subject.use;
  const run = (journal?: HookJournal) => {
    const plugins = subject.use.plugins();
    return trial(on, { plugins: [journal?.into(plugins) ?? plugins] }, (each) => course(each, 3));
  };
  const first = await run();
  manualSeed(12345);
  const second = await withoutMathRandom(run);
  const difference = differenceOf(second, first);
  if (difference === undefined) return;
  fail('determinism', subject, `in a second run with the same seed ${difference}`, {
    ...(await partingHook(run, run)),
    fix: 'draw from context.random(...), and keep nothing between runs',
  });
}

async function withoutMathRandom<T>(f: () => Promise<T>): Promise<T> {
  const { random } = Math;
  Math.random = () => {
    throw new TapgradError({
      code: 'MATH_RANDOM',
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
