import { attach, disposeBatch, type Plugin, TapgradError } from '@tapgrad/core';
import type { Subject } from './checks/check.ts';
import { takenAway } from './checks/detach.ts';
import { resumes } from './checks/resume.ts';
import type { ModelSpec, PluginSpec, PluginUse } from './plugin-spec.ts';
import { problem } from './problem.ts';
import { afterFirstTask } from './tasks.ts';
import { count, trial } from './trial.ts';
import { firstDifference, valuesOf } from './values.ts';

/** What two plugins do together. */
export type PairResult =
  | { readonly outcome: 'trains'; readonly on: string; readonly order: readonly string[] }
  | { readonly outcome: 'refused'; readonly on: string; readonly code: string; readonly reason: string };

/** Steps in which the loss must have fallen. */
const patience = 20;

/**
 * Attaches two plugins to the first model that both name. Either they train (the loss falls, detaching leaves the model as it
 * was, training resumes), or `attach` refuses them with a code, in both orders, and leaves nothing. Without such a model they are
 * tried on the first model of each.
 * @throws TapgradError PLUGIN_TEST_PAIRS
 */
export async function tryPair(first: PluginSpec, second: PluginSpec): Promise<PairResult> {
  const one = first.uses.find(({ on }) => second.uses.some((use) => use.on.name === on.name));
  const other = second.uses.find(({ on }) => on.name === one?.on.name);
  return one && other ? tryOn(first, second, one, other) : tryAbroad(first, second);
}

async function tryOn(first: PluginSpec, second: PluginSpec, one: PluginUse, other: PluginUse): Promise<PairResult> {
  const subject = together(first, second, one, other);
  try {
    const refusal = await refusalOf(subject, [one, other]);
    if (refusal) return { outcome: 'refused', on: one.on.name, code: refusal.code, reason: refusal.reason };
    const own = [await trainedAlone(first.name, one), await trainedAlone(second.name, other)];
    const order = await trains(subject, own);
    await resumes(subject, [['a fresh stack', 0]]);
    const batch = one.on.batch(0);
    try {
      await takenAway(subject, batch, 2);
    } finally {
      disposeBatch(batch);
    }
    return { outcome: 'trains', on: one.on.name, order };
  } catch (thrown) {
    throw problemOf(subject, thrown);
  }
}

/** Only a forward tells that a model's outputs, or what it is given, are not what a plugin is for. */
const saidByForwards = new Set(['OUTPUT_KIND', 'REPLAY_INPUTS']);

/** No model is named by both: the one may still have nothing against the other's, or says with a code why it has. */
async function tryAbroad(first: PluginSpec, second: PluginSpec): Promise<PairResult> {
  const [one, other] = [first.uses[0], second.uses[0]];
  const there = { on: withTasksOf(one.on, other.on), plugins: other.plugins };
  const here = { on: withTasksOf(other.on, one.on), plugins: one.plugins };
  const places: (readonly [PluginUse, PluginUse])[] = [
    [one, there],
    [here, other],
  ];
  let reason: TapgradError | undefined;
  for (const [a, b] of places) {
    let refused = await refusal(together(first, second, a, b), [a, b]);
    if (!refused) {
      try {
        return await tryOn(first, second, a, b);
      } catch (thrown) {
        refused = refusedInForward(thrown);
        if (!refused) throw thrown;
      }
    }
    reason ??= refused;
  }
  return { outcome: 'refused', on: 'any', code: reason?.code ?? '', reason: reason?.reason ?? '' };
}

function refusedInForward(thrown: unknown): TapgradError | undefined {
  if (!(thrown instanceof TapgradError)) return undefined;
  return saidByForwards.has(thrown.code) ? thrown : refusedInForward(thrown.cause);
}

function together(first: PluginSpec, second: PluginSpec, one: PluginUse, other: PluginUse): Subject {
  const on = withTasksOf(one.on, other.on);
  const use: PluginUse = { on, plugins: () => once([one.plugins(), other.plugins()].flat()) };
  return { spec: { name: `${first.name} + ${second.name}`, uses: [use], gradients: 'exact' }, use };
}

/** One of two may need tasks before it does something. */
function withTasksOf(on: ModelSpec, other: ModelSpec): ModelSpec {
  return on.begin || !other.begin ? on : afterFirstTask(on);
}

/** A plugin that both bring with the same options, say a memory, is attached once. */
function once(plugins: readonly Plugin[]): Plugin[] {
  const keyOf = ({ declaration, options }: Plugin) => `${declaration.name} ${JSON.stringify(options)}`;
  return plugins.filter((plugin, i) => plugins.findIndex((each) => keyOf(each) === keyOf(plugin)) === i);
}

/** The coded error with which `attach` refuses, whichever is given first; undefined if it takes both. */
async function refusalOf(subject: Subject, uses: readonly PluginUse[]): Promise<TapgradError | undefined> {
  const [given, reversed] = [await refusal(subject, uses), await refusal(subject, [...uses].reverse())];
  if (given?.code === reversed?.code) return given;
  const says = (error: TapgradError | undefined) => error?.code ?? 'attached';
  throw problemOf(subject, new Error(`in the order given: ${says(given)}; the other way round: ${says(reversed)}`));
}

async function refusal(subject: Subject, uses: readonly PluginUse[]): Promise<TapgradError | undefined> {
  const { on } = subject.use;
  const model = on.model();
  try {
    const before = await valuesOf(model.state());
    const held = count();
    let refused: TapgradError | undefined;
    try {
      const plugins = once(uses.flatMap((use) => use.plugins()));
      attach<unknown>(model, plugins, { loss: (outputs, batch) => on.loss(outputs, batch) }).detach();
    } catch (thrown) {
      if (!(thrown instanceof TapgradError) || thrown.code === 'HOOK_FAILED') throw thrown;
      refused = thrown;
    }
    const changed = firstDifference(await valuesOf(model.state()), before);
    if (changed !== undefined) throw new Error(`attach changed the model: ${changed}`);
    const { tensors, buffers } = count();
    if (tensors === held.tensors && buffers === held.buffers) return refused;
    throw new Error(`attach left ${tensors - held.tensors} tensors and ${buffers - held.buffers} buffers`);
  } finally {
    model.dispose();
  }
}

/** What a plugin trains by itself: parameters of its own, and those of the model if it chooses among them. */
interface Contribution {
  readonly plugin: string;
  readonly parameters: readonly string[];
}

const parametersAlone = new WeakMap<PluginUse, Promise<readonly string[]>>();

/** Found once for each use, not for each pair. */
async function trainedAlone(plugin: string, use: PluginUse): Promise<Contribution> {
  const parameters = parametersAlone.get(use) ?? trainedBy(use);
  parametersAlone.set(use, parameters);
  return { plugin, parameters: await parameters };
}

async function trainedBy(use: PluginUse): Promise<readonly string[]> {
  const trained = (plugins: PluginUse['plugins']) =>
    trial(use.on, { plugins: [plugins()] }, async ({ stack }) => [...stack.trainableParameters().keys()]);
  const [without, all] = [await trained(() => []), await trained(() => use.plugins())];
  const chosen = all.filter((name) => without.includes(name));
  const added = all.filter((name) => !without.includes(name));
  return chosen.length < without.length ? all : added;
}

/** The loss of a fixed batch falls, and neither plugin trains in vain. Gives the order in which they run. */
async function trains(subject: Subject, contributions: readonly Contribution[]): Promise<readonly string[]> {
  return trial(subject.use.on, { plugins: [subject.use.plugins()] }, async ({ stack, step, optimizer }) => {
    const gradients = await optimizer.collect(() => step(0));
    const moving = new Set([...gradients].flatMap(([name, each]) => (Array.from(each).some(Boolean) ? [name] : [])));
    for (const { plugin, parameters } of contributions) {
      if (parameters.length === 0 || parameters.some((name) => moving.has(name))) continue;
      throw new Error(`nothing that ${plugin} trains by itself has a gradient here: the pair should be refused`);
    }
    const first = await step(0);
    let [last, mean] = [first, Number.NaN];
    for (let i = 1; i < patience && !(mean < first); i++) {
      const loss = await step(0);
      // Of two steps: with dropout or rounding one alone may be lucky.
      mean = (last + loss) / 2;
      last = loss;
    }
    if (mean < first) return stack.plugins;
    throw new Error(`the loss of one batch did not fall in ${patience} steps: from ${first} to ${mean}`);
  });
}

function problemOf({ spec, use }: Subject, thrown: unknown): TapgradError {
  const known = thrown instanceof TapgradError ? thrown : undefined;
  if (known?.code === 'PLUGIN_TEST_PAIRS') return known;
  const message = known?.reason ?? (thrown instanceof Error ? thrown.message : String(thrown));
  const { hook, fix } = known ?? {};
  return problem({ property: 'pairs', plugin: spec.name, model: use.on.name, message, hook, fix, cause: thrown });
}
