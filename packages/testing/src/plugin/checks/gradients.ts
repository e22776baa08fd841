import { pathMatcher } from '@tapgrad/core';
import { dispose } from '@tensorflow/tfjs-core';
import { hasFloat64Engine } from '../../precision.ts';
import { checkCentralDifferences } from '../central-differences.ts';
import type { LossyGradients, ReplacedGradients } from '../plugin-spec.ts';
import { namesOf, type Trial, trial } from '../trial.ts';
import { firstDifference, relativeDistance, type Values, valuesOf } from '../values.ts';
import { withoutLossyStages } from '../without-lossy-stages.ts';
import { fail, type Subject } from './check.ts';

/** Steps before gradients are looked at: whatever starts at zero has left it by then. */
const warmUp = 2;
const relativeTolerance = () => (hasFloat64Engine() ? 1e-6 : 1e-3);

export async function checkGradients(subject: Subject): Promise<void> {
  const { gradients } = subject.spec;
  if (gradients === 'exact') await checkExact(subject);
  else if ('replaced' in gradients) await checkReplaced(subject, gradients);
  else await checkLossy(subject, gradients);
}

async function checkExact(subject: Subject, stripped = false): Promise<void> {
  const plugins = [subject.use.plugins()].flat();
  if (stripped) plugins.push(withoutLossyStages(namesOf(plugins)));
  await trial(subject.use.on, { plugins }, async (each) => {
    if (each.stack.trainableParameters().size === 0) fail('gradients', subject, 'no parameter trains');
    for (let i = 0; i < warmUp; i++) await each.step(0);
    await checkCentralDifferences(subject, each);
  });
}

/** The same bits forward, a gradient within the bound, and without what is lossy the gradient of the loss. */
async function checkLossy(subject: Subject, { bound }: LossyGradients): Promise<void> {
  const plugins = () => [subject.use.plugins()].flat();
  if (!plugins().some(({ declaration }) => declaration.lossy)) {
    fail('gradients', subject, 'the spec says lossy, and no plugin declares it', {
      fix: "declare lossy: { bound: '…' } in definePlugin",
    });
  }
  const run = (stripped: boolean) => {
    const all = stripped ? [...plugins(), withoutLossyStages(namesOf(plugins()))] : plugins();
    return trial(subject.use.on, { plugins: all }, async (each) => {
      let loss = Number.NaN;
      const gradients = await each.optimizer.collect(async () => {
        loss = await each.step(0);
      });
      return { loss, gradients, predictions: await each.predict(0) };
    });
  };
  const [lossy, exact] = [await run(false), await run(true)];
  if (!Object.is(lossy.loss, exact.loss)) {
    fail('gradients', subject, `the loss is ${lossy.loss}, without lossy stages ${exact.loss}`, { hook: 'save' });
  }
  const difference = firstDifference(lossy.predictions, exact.predictions);
  if (difference !== undefined) fail('gradients', subject, `in prediction ${difference} as without lossy stages`);
  const error = relativeDistance(lossy.gradients, exact.gradients);
  if (!(error <= bound)) {
    const message = `the gradient differs by ${error} of its norm from that without lossy stages; the bound is ${bound}`;
    fail('gradients', subject, message, { hook: 'save' });
  }
  if (hasFloat64Engine()) await checkExact(subject, true);
}

/** Those parameters move that should, and the gradients are the oracle's. */
async function checkReplaced(subject: Subject, { moves, oracle }: ReplacedGradients): Promise<void> {
  await trial(subject.use.on, { plugins: [subject.use.plugins()] }, async (each) => {
    if (oracle) await checkOracle(subject, each, oracle);
    const { stack } = each;
    const before = await valuesOf(variables(each));
    for (let i = 0; i < 2; i++) await each.step(i);
    const after = await valuesOf(variables(each));
    const matchers = moves?.map((pattern) => pathMatcher(pattern));
    const trains = stack.trainableParameters();
    const shouldMove = (name: string) => (matchers ? matchers.some((matches) => matches(name)) : trains.has(name));
    for (const [name, values] of after) {
      const moved = firstDifference(new Map([[name, values]]), new Map([[name, before.get(name) ?? []]])) !== undefined;
      if (moved === shouldMove(name)) continue;
      fail('gradients', subject, `${name} ${moved ? 'moves, and should not' : 'should move, and stays'}`);
    }
  });
}

async function checkOracle(
  subject: Subject,
  { stack, model, batch, optimizer, step }: Trial,
  oracle: NonNullable<ReplacedGradients['oracle']>,
): Promise<void> {
  const made = await oracle({ stack, model, batch: batch(0) });
  const expected: Values = await valuesOf(made);
  dispose([...made.values()]);
  const actual = await optimizer.collect(() => step(0));
  for (const [name, values] of expected) {
    const found = actual.get(name);
    if (!found) fail('gradients', subject, `${name} has no gradient; the oracle gives one`);
    const error = relativeDistance(new Map([[name, found]]), new Map([[name, values]]));
    if (!(error <= relativeTolerance())) {
      fail('gradients', subject, `the gradient of ${name} differs by ${error} of its norm from the oracle's`);
    }
  }
}

function variables({ stack }: Trial) {
  return new Map([...stack.namedParameters()].map(([name, parameter]) => [name, parameter.variable]));
}
