import { course, differenceOf, namesOf, type Trial, trial } from '../trial.ts';
import { firstDifference, valuesOf } from '../values.ts';
import { fail, type Subject } from './check.ts';

const steps = 3;

/** Disabled, a plugin leaves a run as it is without it, bit for bit, and its own parameters where they are. */
export async function checkOff(subject: Subject): Promise<void> {
  const { on } = subject.use;
  const plugins = [subject.use.plugins()].flat();
  const disabled = namesOf(plugins);
  const alone = await trial(on, { plugins: [] }, (each) => courseOfModel(each));
  // Before anything is learned: in a first task the plugin would act.
  const difference = differenceOf(await trial(on, { plugins, disabled }, (each) => courseOfModel(each)), alone);
  if (difference !== undefined) {
    fail('off', subject, `disabled, ${difference} as without the plugin`, {
      // Disabled, nothing else of it runs.
      hook: 'apply',
      fix: 'let everything that the plugin does hang on its hooks and filters, and nothing on apply itself',
    });
  }
  await trial(on, { plugins }, async (each) => {
    const { stack } = each;
    for (const name of disabled) stack.setEnabled(name, false);
    const before = await valuesOf(stack.state('plugins').tensors);
    await course(each, steps);
    const moved = firstDifference(await valuesOf(stack.state('plugins').tensors), before);
    if (moved !== undefined) fail('off', subject, `disabled, the plugin changed: ${moved}`);
  });
  await switchedInMidRun(subject);
}

/** Disabled after training, it is absent too; enabled again, it goes on where it was. */
async function switchedInMidRun(subject: Subject): Promise<void> {
  const { on } = subject.use;
  const plugins = [subject.use.plugins()].flat();
  await trial(on, { plugins }, async (each) => {
    for (let i = 0; i < 2; i++) await each.step(i);
    const before = await each.predict(0);
    for (const name of namesOf(plugins)) each.stack.setEnabled(name, false);
    const disabled = await each.predict(0);
    const alone = await trial(on, { plugins: [] }, ({ model, predict }) => {
      model.loadState(each.model.state());
      return predict(0);
    });
    const left = firstDifference(disabled, alone);
    if (left !== undefined)
      fail('off', subject, `disabled after training, in prediction ${left} as without the plugin`);
    for (const name of namesOf(plugins)) each.stack.setEnabled(name, true);
    const changed = firstDifference(await each.predict(0), before);
    if (changed !== undefined) fail('off', subject, `disabled and enabled again, in prediction ${changed} as before`);
  });
}

/** With its coefficient at 0, a plugin leaves a run as it is without it, bit for bit. */
export async function checkZero(subject: Subject, atZero: NonNullable<Subject['use']['atZero']>): Promise<void> {
  const { on } = subject.use;
  const alone = await trial(on, { plugins: [] }, (each) => courseOfModel(each));
  const zero = await trial(on, { plugins: [atZero()].flat() }, (each) => courseOfModel(each));
  const difference = differenceOf(zero, alone);
  if (difference !== undefined) fail('zero', subject, `${difference} as without the plugin`);
}

/** Of the plugin's own state, or its optimizer's, the run without it has nothing. */
async function courseOfModel(each: Trial) {
  const whole = await course(each, steps);
  return { ...whole, state: await valuesOf(each.stack.state('model').tensors) };
}
