import { attach, type Batch, disposeBatch, type Module, type Optimizer, type Plugin, type Stack } from '@tapgrad/core';
import { adamw, sgd } from '@tapgrad/train';
import { count, namesOf } from '../trial.ts';
import { firstDifference, type Values, valuesOf } from '../values.ts';
import { fail, type Subject } from './check.ts';

type Model = Module<never, unknown>;

/**
 * Attached and detached, a model is what it was: values, modes, what trains, and how it computes. After training, its values
 * are those that it had in the stack; frozen ones are those from before. No buffer of the plugin is left, and each plugin of
 * a preset can be taken away by itself.
 */
export async function checkDetach(subject: Subject): Promise<void> {
  const { on } = subject.use;
  const batch = on.batch(0);
  try {
    for (const steps of [0, 2]) await takenAway(subject, batch, steps);
    await oneByOne(subject, batch);
  } finally {
    disposeBatch(batch);
  }
}

/** Attached, trained for some steps and detached. */
export async function takenAway(subject: Subject, batch: Batch, steps: number): Promise<void> {
  const { on } = subject.use;
  const model = on.model();
  const fresh = on.model();
  const when = steps === 0 ? 'attached and detached' : 'detached after training';
  try {
    const before = await valuesOf(model.state());
    fresh.state();
    const [flagsBefore, held] = [flags(model), count()];
    const { inStack, frozen } = await onStack(subject, model, [subject.use.plugins()], async (stack) => {
      if (steps > 0) await on.begin?.(stack);
      for (let i = 0; i < steps; i++) await (await stack.step(batch)).loss;
      const trained = new Set(stack.trainableParameters().keys());
      const names = [...model.namedParameters().keys()].filter((name) => !trained.has(name));
      return { inStack: await valuesOf(model.state()), frozen: new Set(names) };
    });
    const after = await valuesOf(model.state());
    const changed = firstDifference(after, inStack);
    if (changed !== undefined) fail('detach', subject, `${when}, the model changed: ${changed}`);
    const thawed = firstDifference(only(after, frozen), only(before, frozen));
    if (thawed !== undefined) fail('detach', subject, `${when}, a parameter changed that does not train: ${thawed}`);
    if (flags(model) !== flagsBefore)
      fail('detach', subject, `${when}, other parameters train, or another mode is set`);
    refuseBuffers(subject, held, when);
    fresh.loadState(model.state());
    const [left, expected] = [await plainStep(subject, model, batch), await plainStep(subject, fresh, batch)];
    const difference = firstDifference(left, expected);
    if (difference === undefined) return;
    fail('detach', subject, `${when}, the model does not compute as a fresh one with its values: ${difference}`, {
      hook: 'dispose',
      fix: 'change the model through taps and hooks only; what apply changes by itself, dispose must change back',
    });
  } finally {
    model.dispose();
    fresh.dispose();
  }
}

/** What one step without plugins makes of the model. */
function plainStep(subject: Subject, model: Model, batch: Batch): Promise<Values> {
  const optimizer = sgd({ learningRate: 0.1 });
  return onStack(
    subject,
    model,
    [],
    async (stack) => {
      const loss = await (await stack.step(batch)).loss;
      return new Map([['loss', [loss]], ...(await valuesOf(model.state()))]);
    },
    optimizer,
  );
}

/** Plugins of a preset can be detached while the stack goes on. */
async function oneByOne(subject: Subject, batch: Batch): Promise<void> {
  const { on } = subject.use;
  const model = on.model();
  try {
    model.state();
    const plugins = subject.use.plugins();
    await onStack(subject, model, [plugins], async (stack) => {
      await on.begin?.(stack);
      await (await stack.step(batch)).loss;
      for (const name of namesOf(plugins).reverse()) {
        stack.detach(name);
        const loss = await (await stack.step(batch)).loss;
        if (!Number.isFinite(loss)) fail('detach', subject, `after detach('${name}') the loss is ${loss}`);
      }
      const left = [...stack.state('plugins').tensors.keys()];
      if (left.length > 0) fail('detach', subject, `detached one by one, ${left[0]} is left`);
    });
  } finally {
    model.dispose();
  }
}

async function onStack<T>(
  { use }: Subject,
  model: Model,
  plugins: readonly (Plugin | readonly Plugin[])[],
  f: (stack: Stack) => Promise<T>,
  optimizer: Optimizer = adamw({ learningRate: 1e-2 }),
): Promise<T> {
  const loss = (outputs: unknown, batch: Batch) => use.on.loss(outputs, batch);
  const stack = attach<unknown>(model, plugins, { loss, optimizer, seed: 3 });
  try {
    return await f(stack);
  } finally {
    stack.detach();
    optimizer.dispose();
  }
}

function refuseBuffers(subject: Subject, before: ReturnType<typeof count>, when: string): void {
  const now = count();
  const [tensors, buffers] = [now.tensors - before.tensors, now.buffers - before.buffers];
  if (tensors === 0 && buffers === 0) return;
  fail('detach', subject, `${when}, ${tensors} tensors and ${buffers} buffers are left`, {
    hook: 'dispose',
    fix: 'dispose what you keep in dispose(), or hand it to context.keep',
  });
}

/** Modes, what trains, and what hangs on the modules: all that is not a value. */
function flags(model: Model): string {
  const modules = [...model.namedModules()].map(([path, { training, owner }]) => [path, training, owner]);
  const parameters = [...model.namedParameters()].map(([name, { trainable, onRead }]) => [name, trainable, !onRead]);
  return JSON.stringify([modules, parameters]);
}

function only(values: Values, names: ReadonlySet<string>): Values {
  return new Map([...values].filter(([name]) => names.has(name)));
}
