import { getBackend } from '@tensorflow/tfjs-core';
import type { ModelSpec } from '../plugin-spec.ts';
import { type Course, course, differenceOf, namesOf, type Trial, trial } from '../trial.ts';
import { firstDifference, valuesOf } from '../values.ts';
import { fail, type Subject } from './check.ts';

const steps = 3;

/** Disabled, a plugin leaves a run as it is without it, bit for bit, and its own parameters where they are. */
export async function checkOff(subject: Subject): Promise<void> {
  const { on } = subject.use;
  const plugins = [subject.use.plugins()].flat();
  // Before anything is learned: in a first task the plugin would act.
  const disabled = await trial(on, { plugins, disabled: namesOf(plugins) }, courseOfModel);
  const difference = differenceOf(disabled, await courseAlone(on));
  if (difference !== undefined) {
    fail('off', subject, `disabled, ${difference} as without the plugin`, {
      // Disabled, nothing else of it runs.
      hook: 'apply',
      fix: 'let everything that the plugin does hang on its hooks and filters, and nothing on apply itself',
    });
  }
  await switchedInMidRun(subject);
}

/** Disabled after training, it is absent too; enabled again, it is where it was; and disabled it does not learn. */
async function switchedInMidRun(subject: Subject): Promise<void> {
  const { on } = subject.use;
  const plugins = [subject.use.plugins()].flat();
  await trial(on, { plugins }, async (each) => {
    const enable = (enabled: boolean) => {
      for (const name of namesOf(plugins)) each.stack.setEnabled(name, enabled);
    };
    for (let i = 0; i < 2; i++) await each.step(i);
    const before = await each.predict(0);
    enable(false);
    const disabled = await each.predict(0);
    const { begin: _, ...untrained } = on;
    const alone = await trial(untrained, { plugins: [] }, ({ model, predict }) => {
      model.loadState(each.model.state());
      return predict(0);
    });
    const left = firstDifference(disabled, alone);
    if (left !== undefined)
      fail('off', subject, `disabled after training, in prediction ${left} as without the plugin`);
    enable(true);
    const changed = firstDifference(await each.predict(0), before);
    if (changed !== undefined) fail('off', subject, `disabled and enabled again, in prediction ${changed} as before`);
    enable(false);
    const own = await valuesOf(each.stack.state('plugins').tensors);
    await course(each, steps);
    const moved = firstDifference(await valuesOf(each.stack.state('plugins').tensors), own);
    if (moved !== undefined) fail('off', subject, `disabled, the plugin changed: ${moved}`);
  });
}

/** With its coefficient at 0, a plugin leaves a run as it is without it, bit for bit. */
export async function checkZero(subject: Subject, atZero: NonNullable<Subject['use']['atZero']>): Promise<void> {
  const { on } = subject.use;
  const zero = await trial(on, { plugins: [atZero()].flat() }, courseOfModel);
  const difference = differenceOf(zero, await courseAlone(on));
  if (difference !== undefined) fail('zero', subject, `${difference} as without the plugin`);
}

/** Of the plugin's own state, or its optimizer's, the run without it has nothing. */
async function courseOfModel(each: Trial): Promise<Course> {
  const whole = await course(each, steps);
  return { ...whole, state: await valuesOf(each.stack.state('model').tensors) };
}

/** By model and backend. */
const coursesAlone = new WeakMap<ModelSpec, Map<string, Promise<Course>>>();

/** What becomes of a model without plugins: the same whatever plugin is tried, so it is trained once. */
function courseAlone(on: ModelSpec): Promise<Course> {
  const known = coursesAlone.get(on) ?? new Map<string, Promise<Course>>();
  coursesAlone.set(on, known);
  const made = known.get(getBackend()) ?? trial(on, { plugins: [] }, courseOfModel);
  known.set(getBackend(), made);
  return made;
}
