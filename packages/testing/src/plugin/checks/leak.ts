import { count, trial } from '../trial.ts';
import { fail, type Subject } from './check.ts';

const fault = new Error('a fault of the tester');

/** Steps, predictions, evaluations and steps that fail leave as many tensors and buffers as there were. */
export async function checkLeak(subject: Subject): Promise<void> {
  const { use } = subject;
  const start = count();
  await trial(use.on, { plugins: [use.plugins()] }, async (each) => {
    const { stack, step, predict, batch, optimizer } = each;
    batch(1);
    // What is made once, for example the optimizer's moments, is there after two steps.
    for (let i = 0; i < 2; i++) await step(0);
    const steady = count();
    const keepsNone = async (what: string, f: () => Promise<unknown>) => {
      await f();
      refuse(what, steady);
    };
    for (let i = 0; i < 2; i++) await keepsNone('step', () => step(i));
    await keepsNone('predict', () => predict(0));
    await keepsNone('evaluate', () => stack.evaluate([batch(0), batch(1)]));
    await keepsNone('a step of two micro-batches', async () => (await stack.step([batch(0), batch(1)])).loss);
    await keepsNone('gradientsOf', async () => stack.gradientsOf(batch(0)).dispose());
    each.failing = fault;
    await keepsNone('a step whose loss fails', () => failing(() => step(0)));
    await keepsNone('an evaluation whose loss fails', () => failing(() => stack.evaluate([batch(0)])));
    each.failing = undefined;
    optimizer.failing = fault;
    await keepsNone('a step whose update fails', () => failing(() => step(0)));
    optimizer.failing = undefined;
    await keepsNone('a step after faults', () => step(0));
  });
  refuse('attaching, training and detaching', start);

  function refuse(what: string, before: ReturnType<typeof count>): void {
    const now = count();
    const [tensors, buffers] = [now.tensors - before.tensors, now.buffers - before.buffers];
    if (tensors === 0 && buffers === 0) return;
    fail('leak', subject, `${what} left ${tensors} tensors and ${buffers} buffers`, {
      fix: 'dispose what you keep, or hand it to context.keep; negative numbers say that something was freed which was not yours',
    });
  }

  async function failing(f: () => Promise<unknown>): Promise<void> {
    try {
      await f();
    } catch (thrown) {
      if (thrown === fault) return;
      throw thrown;
    }
    fail('leak', subject, 'a fault in the loss or the optimizer was swallowed');
  }
}
