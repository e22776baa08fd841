import { attach, TapgradError } from '@tapgrad/core';
import { type Fault, FaultInjection, places } from '../fault-injection.ts';
import type { Site } from '../instrumented.ts';
import { tinyTask } from '../tasks.ts';
import { count, course, differenceOf, type Trial, trial } from '../trial.ts';
import { firstDifference, loadStored, storedState, type Values, valuesOf } from '../values.ts';
import { fail, type Subject } from './check.ts';

/** After these, parameters have changed already, and the run cannot go on as if nothing had happened. */
const late = /^(update\.after|step\.end)$/;
/** What these return belongs to the stack: a fault behind them would lose it, which is not the plugin's doing. */
const giving = /^(backward|update\.replace|batch)$/;

/**
 * A fault in any function that the plugin hands to its stack, in its first call and behind its last one in a step: the error
 * names plugin and hook, no tensor is left, parameters and state are what they were, and training goes on as if nothing had been.
 */
export async function checkFaults(subject: Subject): Promise<void> {
  await inApply(subject);
  await inSteps(subject);
  await inFirstStep(subject);
  await inTasks(subject);
  await inEvaluation(subject);
  await inState(subject);
}

/** Faults behind the services that `apply` calls: the model is as it was, and can be attached. */
async function inApply(subject: Subject): Promise<void> {
  const { on } = subject.use;
  const faults = new FaultInjection();
  const model = on.model();
  const loss = () => {
    throw faults.error;
  };
  try {
    const before = await valuesOf(model.state());
    const held = count();
    const put = () => attach<unknown>(model, faults.into(subject.use.plugins()), { loss }).detach();
    const sites = (await faults.reached(put)).filter(({ site }) => site.hook === 'apply');
    for (const fault of sites.flatMap(({ site, calls }) => places(site, calls, 'after'))) {
      named(subject, fault, faults, await faults.thrownBy(fault, put));
      unleaked(subject, fault, held);
      const changed = firstDifference(await valuesOf(model.state()), before);
      if (changed !== undefined) fail('faults', subject, `a fault in apply changed the model: ${changed}`, at(fault));
    }
  } finally {
    model.dispose();
  }
}

/** Before each of many steps one that fails; it must not show in the others. */
async function inSteps(subject: Subject): Promise<void> {
  const faults = new FaultInjection();
  const plugins = () => [faults.into(subject.use.plugins())];
  const sites = await trial(subject.use.on, { plugins: plugins() }, async ({ step }) => {
    await step(0);
    return faults.reached(() => step(0));
  });
  // A service that a hook calls fails as that hook does.
  const all = sites
    .filter(inHooks)
    .flatMap(({ site, calls }) => [
      ...places(site, 1, 'before'),
      ...(giving.test(site.hook) ? [] : places(site, calls, 'after').slice(-1)),
    ]);
  const early = all.filter(({ site }) => !late.test(site.hook));
  const expected = await trial(subject.use.on, { plugins: plugins() }, (each) => journal(each, early.length + 1));
  await trial(subject.use.on, { plugins: plugins() }, async (each) => {
    await each.step(0);
    for (const [index, fault] of early.entries()) {
      await failsWell(subject, fault, faults, each, () => each.step(0), expected[index]!.state);
      const loss = await each.step(0);
      const { loss: should, state } = expected[index + 1]!;
      if (!Object.is(loss, should))
        fail('faults', subject, `the step after the fault has loss ${loss}, not ${should}`, at(fault));
      const changed = firstDifference(await valuesOf(each.stack.state().tensors), state);
      if (changed !== undefined) fail('faults', subject, `after the fault and one step ${changed}`, at(fault));
    }
    for (const fault of all.filter(({ site }) => late.test(site.hook))) {
      const held = count();
      named(subject, fault, faults, await faults.thrownBy(fault, () => each.step(0)));
      unleaked(subject, fault, held);
      const loss = await each.step(0);
      if (!Number.isFinite(loss)) fail('faults', subject, `the step after the fault has loss ${loss}`, at(fault));
    }
  });
}

async function journal({ step, stack }: Trial, steps: number): Promise<{ loss: number; state: Values }[]> {
  const entries: { loss: number; state: Values }[] = [];
  for (let i = 0; i < steps; i++) entries.push({ loss: await step(0), state: await valuesOf(stack.state().tensors) });
  return entries;
}

/** What is reached when training begins, and no more. */
async function inFirstStep(subject: Subject): Promise<void> {
  const faults = new FaultInjection();
  const plugins = () => [faults.into(subject.use.plugins())];
  const start = async ({ stack, step }: Trial) => {
    await stack.begin('train');
    await stack.begin('epoch', { index: 0 });
    await step(0);
  };
  const { first, expected } = await trial(subject.use.on, { plugins: plugins() }, async (each) => {
    const beginning = await faults.reached(() => start(each));
    const usual = new Set((await faults.reached(() => each.step(1))).map(({ site }) => site.key));
    return { first: beginning.filter(({ site }) => !usual.has(site.key)), expected: await course(each, 1, 2) };
  });
  const held = count();
  for (const { site } of first.filter(inHooks).filter(({ site: { hook } }) => !late.test(hook))) {
    const [fault] = places(site, 1, 'before') as [Fault];
    await trial(subject.use.on, { plugins: plugins() }, async (each) => {
      named(subject, fault, faults, await faults.thrownBy(fault, () => start(each)));
      await start(each);
      await each.step(1);
      const difference = differenceOf(await course(each, 1, 2), expected);
      if (difference !== undefined) fail('faults', subject, `begun again after the fault, ${difference}`, at(fault));
    });
    unleaked(subject, fault, held);
  }
}

/** A task whose beginning or end fails: nothing is left, and the stack can be taken away. */
async function inTasks(subject: Subject): Promise<void> {
  const { on } = subject.use;
  const faults = new FaultInjection();
  const plugins = () => [faults.into(subject.use.plugins())];
  const next = async ({ stack, step }: Trial) => {
    const task = tinyTask(on, 1);
    await stack.begin('task', { index: 1, task });
    await step(0);
    await stack.end('task', { index: 1, task });
  };
  const sites = await trial(on, { plugins: plugins() }, (each) => faults.reached(() => next(each)));
  const held = count();
  for (const { site } of sites.filter(({ site: { hook } }) => hook.startsWith('task.'))) {
    const [fault] = places(site, 1, 'before') as [Fault];
    await trial(on, { plugins: plugins() }, async (each) => {
      named(subject, fault, faults, await faults.thrownBy(fault, () => next(each)));
    });
    unleaked(subject, fault, held);
  }
}

async function inEvaluation(subject: Subject): Promise<void> {
  const faults = new FaultInjection();
  await trial(subject.use.on, { plugins: [faults.into(subject.use.plugins())] }, async (each) => {
    await each.step(0);
    const uses = [() => each.stack.evaluate([each.batch(0)]), () => each.predict(0)];
    for (const f of uses) {
      for (const { site, calls } of await faults.reached(f)) {
        for (const fault of [...places(site, 1, 'before'), ...places(site, calls, 'after').slice(-1)]) {
          if (!giving.test(site.hook) || fault.when === 'before') await failsWell(subject, fault, faults, each, f);
        }
      }
    }
  });
}

async function inState(subject: Subject): Promise<void> {
  const faults = new FaultInjection();
  const held = count();
  await trial(subject.use.on, { plugins: [faults.into(subject.use.plugins())] }, async (each) => {
    const { stack } = each;
    await each.step(0);
    const stored = await storedState(stack);
    for (const f of [() => void stack.state(), () => loadStored(stack, stored)]) {
      for (const { site } of (await faults.reached(f)).filter(inHooks)) {
        for (const fault of places(site, 1, 'before')) await failsWell(subject, fault, faults, each, f);
      }
    }
    const [disposal] = (await faults.reached(() => undefined)).filter(({ site }) => site.hook === 'dispose');
    if (disposal) fail('faults', subject, 'dispose was called while training', at(disposal));
  });
  for (const { declaration } of [subject.use.plugins()].flat()) {
    const site: Site = { plugin: declaration.name, hook: 'dispose', key: `${declaration.name} dispose 0` };
    const fault: Fault = { site, call: 0, when: 'after' };
    const thrown = await faults.thrownBy(fault, () =>
      trial(subject.use.on, { plugins: [faults.into(subject.use.plugins())] }, ({ step }) => step(0)),
    );
    // Not every plugin has something to dispose.
    if (faults.fired) named(subject, fault, faults, thrown);
    else if (thrown) throw thrown;
    unleaked(subject, fault, held);
  }
}

/** One fault in `f`: named, nothing left, nothing changed. */
async function failsWell(
  subject: Subject,
  fault: Fault,
  faults: FaultInjection,
  { stack }: Trial,
  f: () => unknown,
  known?: Values,
): Promise<void> {
  const before = known ?? (await valuesOf(stack.state().tensors));
  const modes = stack.modules().map(({ training }) => training);
  const held = count();
  named(subject, fault, faults, await faults.thrownBy(fault, f));
  unleaked(subject, fault, held);
  const changed = firstDifference(await valuesOf(stack.state().tensors), before);
  if (changed !== undefined) fail('faults', subject, `the fault changed the state: ${changed}`, at(fault));
  if (stack.modules().some(({ training }, i) => training !== modes[i])) {
    fail('faults', subject, 'after the fault a module is in another mode', at(fault));
  }
}

/** The error must say whose function failed, and in which hook. */
function named(subject: Subject, fault: Fault, faults: FaultInjection, thrown: unknown): void {
  const { site } = fault;
  const blame = at(fault);
  if (!faults.fired)
    fail(
      'faults',
      subject,
      'the hook was not reached where it had been before: the plugin is not deterministic',
      blame,
    );
  if (thrown === undefined) fail('faults', subject, 'the fault was swallowed', blame);
  if (!(thrown instanceof TapgradError))
    fail('faults', subject, 'the error is no TapgradError', { ...blame, cause: thrown });
  if (thrown.plugin !== site.plugin || thrown.hook !== site.hook) {
    const says = `plugin ${thrown.plugin}, hook ${thrown.hook}`;
    fail('faults', subject, `the error names ${says}, not plugin ${site.plugin}, hook ${site.hook}`, {
      ...blame,
      cause: thrown,
    });
  }
}

function unleaked(subject: Subject, fault: Fault, before: ReturnType<typeof count>): void {
  const now = count();
  const [tensors, buffers] = [now.tensors - before.tensors, now.buffers - before.buffers];
  if (tensors !== 0 || buffers !== 0) {
    fail('faults', subject, `the fault left ${tensors} tensors and ${buffers} buffers`, at(fault));
  }
}

function inHooks({ site }: { readonly site: Site }): boolean {
  return site.hook !== 'apply';
}

function at({ site }: Pick<Fault, 'site'>): { plugin: string; hook: string } {
  return { plugin: site.plugin, hook: site.hook };
}
