import { type HookJournal, partingHook } from '../hook-journal.ts';
import { type Course, course, differenceOf, type Trial, trial } from '../trial.ts';
import { loadStored, type StoredState, storedState } from '../values.ts';
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
  const { stored, rest } = await uninterrupted(subject);
  for (const [where, elsewhere] of places) {
    const difference = differenceOf(await resumed(subject, stored, elsewhere), rest);
    if (difference === undefined) continue;
    const parting = await partingHook(
      (journal) => uninterrupted(subject, journal),
      (journal) => resumed(subject, stored, elsewhere, journal),
    );
    fail('resume', subject, `resumed in ${where}, ${difference} as without the interruption`, {
      hook: 'state',
      ...parting,
      fix: 'let saveState return, and loadState restore, all that changes while training; modules and parameters of the plugin are saved for it',
    });
  }
}

function uninterrupted({ use }: Subject, journal?: HookJournal) {
  const plugins = use.plugins();
  return trial(use.on, { plugins: [journal?.into(plugins) ?? plugins] }, async (each) => {
    await begin(each);
    await course(each, before);
    const stored = await storedState(each.stack);
    journal?.clear();
    return { stored, rest: await course(each, after, before) };
  });
}

function resumed({ use }: Subject, stored: StoredState, elsewhere: number, journal?: HookJournal): Promise<Course> {
  const plugins = use.plugins();
  // A fresh stack has seen no task either.
  const { begin: _, ...unbegun } = use.on;
  return trial(elsewhere === 0 ? unbegun : use.on, { plugins: [journal?.into(plugins) ?? plugins] }, async (each) => {
    await begin(each);
    await course(each, elsewhere, 7);
    loadStored(each.stack, stored);
    journal?.clear();
    return course(each, after, before);
  });
}

/** As a trainer does at the start of a run, resumed or not. */
async function begin({ stack }: Trial): Promise<void> {
  await stack.begin('train', { epochs: 1, steps: before + after });
  await stack.begin('epoch', { index: 0 });
}
