import { type Plugin, TapgradError } from '@tapgrad/core';
import { LeakWatch } from '../leak-watch.ts';
import { count, type Trial, trial } from '../trial.ts';
import { fail, type Subject } from './check.ts';

const fault = new Error('a fault of the tester');

/** What must leave nothing, in this order, behind two steps: what is made once, the optimizer's moments say, is there then. */
const uses: [what: string, use: (each: Trial) => Promise<unknown>][] = [
  ['step', ({ step }) => step(0)],
  ['a step with another batch', ({ step }) => step(1)],
  ['predict', ({ predict }) => predict(0)],
  ['evaluate', ({ stack, batch }) => stack.evaluate([batch(0), batch(1)])],
  ['a step of two micro-batches', async ({ stack, batch }) => (await stack.step([batch(0), batch(1)])).loss],
  ['gradientsOf', async (each) => gradientsNow(each)],
  ['a step whose loss fails', (each) => withFault(each, () => each.step(0))],
  ['an evaluation whose loss fails', (each) => withFault(each, () => each.stack.evaluate([each.batch(0)]))],
  ['a step whose update fails', (each) => withFault(each.optimizer, () => each.step(0))],
  ['a step after faults', ({ step }) => step(0)],
];

interface Leak {
  readonly what: string;
  readonly tensors: number;
  readonly buffers: number;
}

/** Steps, predictions, evaluations and steps that fail leave as many tensors and buffers as there were. */
export async function checkLeak(subject: Subject): Promise<void> {
  const found = await leakOf(subject, (plugins) => plugins);
  if (!found) return;
  const watch = new LeakWatch();
  await leakOf(subject, (plugins) => watch.into(plugins), watch);
  const { plugin, hook } = watch.worst() ?? {};
  const { what, tensors, buffers } = found;
  fail('leak', subject, `${what} left ${tensors} tensors and ${buffers} buffers`, {
    ...(plugin !== undefined && { plugin, hook }),
    fix: 'dispose what you keep, or hand it to context.keep; negative numbers say that something was freed which was not yours',
  });
}

async function leakOf(
  { use }: Subject,
  prepared: (plugins: Plugin | readonly Plugin[]) => Plugin | readonly Plugin[],
  watch?: LeakWatch,
): Promise<Leak | undefined> {
  const start = count();
  const found = await trial(use.on, { plugins: [prepared(use.plugins())] }, async (each) => {
    each.batch(1);
    for (let i = 0; i < 2; i++) await each.step(0);
    const steady = count();
    for (const [what, f] of uses) {
      watch?.clear();
      await f(each);
      const leak = leakSince(steady, what);
      if (leak) return leak;
    }
    watch?.clear();
    return undefined;
  });
  return found ?? leakSince(start, 'attaching, training and detaching');
}

function leakSince(before: ReturnType<typeof count>, what: string): Leak | undefined {
  const now = count();
  const [tensors, buffers] = [now.tensors - before.tensors, now.buffers - before.buffers];
  return tensors === 0 && buffers === 0 ? undefined : { what, tensors, buffers };
}

/** A backward that cannot wait is refused where saved values can only be waited for; that must leave nothing either. */
function gradientsNow({ stack, batch }: Trial): void {
  try {
    stack.gradientsOf(batch(0)).dispose();
  } catch (thrown) {
    if (!(thrown instanceof TapgradError && thrown.code === 'ASYNC_RESTORE')) throw thrown;
  }
}

/** Faults of the loss and of the optimizer come through as they are: neither is a plugin. */
async function withFault(place: { failing: Error | undefined }, f: () => Promise<unknown>): Promise<void> {
  place.failing = fault;
  try {
    await f();
  } catch (thrown) {
    if (thrown === fault || (thrown as Error).cause === fault) return;
    throw thrown;
  } finally {
    place.failing = undefined;
  }
  throw new Error('a fault in the loss or the optimizer was swallowed');
}
