import { course, differenceOf, type Trial, trial } from '../trial.ts';
import { loadStored, storedState } from '../values.ts';
import { fail, type Subject } from './check.ts';

const before = 2;
const after = 3;

/**
 * Training that was saved in the middle and goes on in a fresh stack, or in one that meanwhile learned something else, gives
 * what uninterrupted training gives, bit for bit: losses, parameters, optimizer and the plugin's own state.
 */
export async function checkResume(subject: Subject): Promise<void> {
  await resumes(subject, [
    ['a fresh stack', 0],
    ['a stack that was trained on other data', 1],
  ]);
}

/** @param places where training goes on: in words, and the number of steps that were made there before */
export async function resumes(subject: Subject, places: readonly (readonly [string, number])[]): Promise<void> {
  const { use } = subject;
  const { stored, rest } = await trial(use.on, { plugins: [use.plugins()] }, async (each) => {
    await begin(each);
    await course(each, before);
    const kept = await storedState(each.stack);
    return { stored: kept, rest: await course(each, after, before) };
  });
  for (const [where, elsewhere] of places) {
    await trial(use.on, { plugins: [use.plugins()] }, async (each) => {
      await begin(each);
      await course(each, elsewhere, 7);
      loadStored(each.stack, stored);
      const difference = differenceOf(await course(each, after, before), rest);
      if (difference === undefined) return;
      fail('resume', subject, `resumed in ${where}, ${difference} as without the interruption`, {
        hook: 'state',
        fix: 'let saveState return, and loadState restore, all that changes while training; modules and parameters of the plugin are saved for it',
      });
    });
  }
}

/** As a trainer does at the start of a run, resumed or not. */
async function begin({ stack }: Trial): Promise<void> {
  await stack.begin('train', { epochs: 1, steps: before + after });
  await stack.begin('epoch', { index: 0 });
}
