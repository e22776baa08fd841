import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { hold } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';
import { blaming } from '../hooks/hook.ts';
import { sameShape } from '../rules/broadcast.ts';
import { copyOf } from '../services/snapshot.ts';
import type { PluginHandle } from './handle.ts';
import type { Stack } from './stack.ts';

export type StatePart = 'model' | 'plugins' | 'optimizer';

/** Everything that a checkpoint holds of a stack. Tensors of plugins are under `plugin/`, the optimizer's under `optimizer/`. */
export interface StackState {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly json: StackJson;
}

export interface StackJson {
  readonly step: number;
  readonly seed: number;
  readonly parts: readonly StatePart[];
  readonly plugins: Readonly<
    Record<string, { readonly version?: string | undefined; readonly options: unknown; readonly state?: unknown }>
  >;
  readonly optimizer?: Readonly<Record<string, number>> | undefined;
}

/** Where a plugin's own tensors stand, beside those of its modules and parameters. */
const ownState = (plugin: string) => `${plugin}/state/`;

export function stackState(stack: Stack<unknown>, chosen: readonly StatePart[]): StackState {
  const parts: readonly StatePart[] = chosen.length > 0 ? chosen : ['model', 'plugins', 'optimizer'];
  const tensors = new Map<string, Tensor>();
  const plugins: Record<string, StackJson['plugins'][string]> = {};
  if (parts.includes('model')) for (const [name, each] of stack.model.state()) tensors.set(name, each);
  if (parts.includes('plugins')) {
    for (const handle of stack.handles) {
      for (const [name, each] of moduleState(handle)) tensors.set(name, each.variable);
      const own = blaming(handle.plugin, 'state.save', () => handle.instance?.saveState?.());
      for (const [name, each] of own?.tensors ?? []) tensors.set(ownState(handle.plugin) + name, each);
      const { version } = handle.definition.declaration;
      plugins[handle.plugin] = { version, options: handle.definition.options, state: own?.json };
    }
  }
  const { optimizer } = stack.options;
  const withOptimizer = parts.includes('optimizer') && optimizer;
  if (withOptimizer) for (const [name, each] of optimizer.state()) tensors.set(`optimizer/${name}`, each);
  return {
    tensors,
    json: {
      step: stack.steps,
      seed: stack.seed,
      parts,
      plugins,
      ...(withOptimizer && { optimizer: optimizer.counters() }),
    },
  };
}

type Stored = { shape: readonly number[]; variable: Tensor; assign(value: Tensor): void };

/** Parameters and buffers that a plugin added, by full name. */
function moduleState(handle: PluginHandle): Map<string, Stored> {
  return new Map<string, Stored>([...handle.namedParameters(), ...handle.namedBuffers()]);
}

/** Lets plugins grow or shrink to the state; checks everything, then assigns everything. */
export function loadStackState(stack: Stack<unknown>, state: StackState): void {
  const growing = stack.handles.filter(({ plugin, instance }) => instance?.reshape && state.json.plugins[plugin]);
  const before = growing.map((handle) => ({ handle, shape: shapeOf(handle) }));
  try {
    for (const handle of growing) reshape(handle, state.json.plugins[handle.plugin]?.state);
    assignState(stack, state);
  } catch (thrown) {
    for (const { handle, shape } of before) shape.giveBack(handle);
    throw thrown;
  } finally {
    for (const { shape } of before) shape.dispose();
  }
}

function reshape(handle: PluginHandle, json: unknown): void {
  blaming(handle.plugin, 'state.reshape', () => handle.instance?.reshape?.(json));
}

/** What a plugin that grows has now, so that it can be given back. */
function shapeOf(handle: PluginHandle) {
  const json = blaming(handle.plugin, 'state.save', () => handle.instance?.saveState?.().json);
  const values = new Map([...moduleState(handle)].map(([name, { variable }]) => [name, hold(copyOf(variable))]));
  return {
    giveBack(to: PluginHandle): void {
      reshape(to, json);
      for (const [name, each] of moduleState(to)) each.assign(values.get(name) as Tensor);
    },
    dispose: () => dispose([...values.values()]),
  };
}

function assignState(stack: Stack<unknown>, { tensors, json }: StackState): void {
  const targets = new Map<string, Stored>();
  if (json.parts.includes('model')) {
    for (const [name, each] of [...stack.model.namedParameters(), ...stack.model.namedBuffers()])
      targets.set(name, each);
  }
  if (json.parts.includes('plugins')) {
    for (const handle of stack.handles) for (const [name, each] of moduleState(handle)) targets.set(name, each);
  }
  const missingPlugins = Object.keys(json.plugins).filter((name) => !stack.plugins.includes(name));
  const problems = [
    ...missingPlugins.map((name) => `plugin ${name} is not attached`),
    ...[...targets.keys()].filter((name) => !tensors.has(name)).map((name) => `${name} is missing`),
    ...[...targets].flatMap(([name, { shape }]) => {
      const value = tensors.get(name);
      return value && !sameShape(value.shape, shape) ? [`${name} is [${shape}], the state has [${value.shape}]`] : [];
    }),
  ];
  if (problems.length > 0) {
    throw new TapgradError({
      code: 'STATE_MISMATCH',
      message: `the state does not fit the stack: ${problems.slice(0, 6).join('; ')}${problems.length > 6 ? ` and ${problems.length - 6} more` : ''}`,
      fix: 'attach the same plugins with the same options to a model of the same configuration',
    });
  }
  for (const [name, target] of targets) target.assign(tensors.get(name) as Tensor);
  for (const handle of stack.handles) {
    const own = under(tensors, ownState(handle.plugin));
    const said = json.plugins[handle.plugin];
    if (!said) continue;
    blaming(handle.plugin, 'state.load', () => handle.instance?.loadState?.({ tensors: own, json: said.state }));
  }
  if (json.optimizer) stack.options.optimizer?.loadState(under(tensors, 'optimizer/'), json.optimizer);
  stack.step_ = json.step;
}

function under(tensors: ReadonlyMap<string, Tensor>, prefix: string): Map<string, Tensor> {
  return new Map(
    [...tensors].filter(([name]) => name.startsWith(prefix)).map(([name, each]) => [name.slice(prefix.length), each]),
  );
}
