import { hold } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';
import { blaming } from '../hooks/hook.ts';
import { pluginHooks } from '../hooks/plugin-hooks.ts';
import type { Batch } from '../hooks/types.ts';
import { type Module, namePaths } from '../module/module.ts';
import { pathMatcher } from '../module/pattern.ts';
import { randomContext, randomStream, withRandom } from '../random.ts';
import { ParameterVector } from '../services/parameter-vector.ts';
import { perSampleGradients } from '../services/per-sample.ts';
import { Snapshot } from '../services/snapshot.ts';
import { StackSnapshot } from '../services/stack-snapshot.ts';
import type { AnyModule, PluginContext } from './context.ts';
import type { Plugin } from './define-plugin.ts';
import { differentiate, markBatch, shadowOf, unchanged } from './forward.ts';
import { PluginHandle } from './handle.ts';
import { orderPlugins } from './order.ts';
import { Stack, type StackOptions } from './stack.ts';

/**
 * Puts plugins on a model, in the order that their declarations ask for. If one of them fails, none is left.
 * A preset is a list of plugins, and may stand where a plugin may.
 * @throws TapgradError ALREADY_ATTACHED, the codes of `orderPlugins`, TAP_UNMATCHED, or what a plugin's `apply` threw
 */
export function attach<Outputs = unknown>(
  model: Module<never, Outputs>,
  plugins: readonly (Plugin | readonly Plugin[])[],
  options: StackOptions<Outputs>,
): Stack<Outputs> {
  const target = model as AnyModule;
  if (target.taps) {
    throw new TapgradError({
      code: 'ALREADY_ATTACHED',
      message: 'this model is attached to another stack',
      fix: 'detach() that stack first, or attach all plugins in one call',
    });
  }
  const { order, reasons } = orderPlugins(plugins.flat());
  const stack = new Stack<Outputs>(target, options, reasons);
  try {
    stack.claimParameters();
    for (const [rank, plugin] of order.entries()) apply(stack as Stack<unknown>, new PluginHandle(plugin, rank));
    checkTapsMatch(stack as Stack<unknown>);
    return stack;
  } catch (thrown) {
    stack.detach();
    throw thrown;
  }
}

function apply(stack: Stack<unknown>, handle: PluginHandle): void {
  stack.handles.push(handle);
  handle.instance = blaming(handle.plugin, 'apply', () => handle.definition.apply(contextFor(stack, handle)));
  stack.claimParameters();
}

function contextFor(stack: Stack<unknown>, handle: PluginHandle): Omit<PluginContext<unknown>, 'options'> {
  const { plugin } = handle;
  const free = (name: string) => {
    if (!handle.modules.has(name) && !handle.parameters.has(name)) return;
    throw new TapgradError({
      code: 'NAME_TAKEN',
      message: `${plugin}/${name} exists already`,
      plugin,
      fix: 'give each module and parameter of a plugin a name of its own',
    });
  };
  const shadow = <T>(f: () => T) => shadowOf(stack, f);
  /** With draws of the plugin's own, which are not the step's. */
  const inPass = <T>(pass: number, f: () => T) =>
    withRandom(randomContext(randomStream(stack.seed, plugin, pass).bits(), stack.step_), f);
  return {
    name: plugin,
    model: stack.model,
    ledger: stack.ledger,
    hooks: pluginHooks(stack.hooks, handle, stack.keptApart, (untap) => handle.onDispose(untap)),
    enabled: () => handle.enabled,
    step: () => stack.step_,
    pass: () => stack.pass,
    tape: () => stack.pass?.tape,
    addModule(name, module) {
      free(name);
      handle.modules.set(name, module);
      namePaths(module, `${plugin}/${name}`, plugin, stack.hooks.taps);
      return module;
    },
    addParameter(name, parameter) {
      free(name);
      handle.parameters.set(name, parameter);
      const { taps } = stack.hooks;
      parameter.onRead = (value) => (taps.empty ? value : taps.pass(value, plugin, name, stack.model.training));
      return parameter;
    },
    remove(name) {
      (handle.modules.get(name) ?? handle.parameters.get(name))?.dispose();
      handle.modules.delete(name);
      handle.parameters.delete(name);
    },
    keepInEvaluation: (modules) => void handle.inEvaluation.push(...modules),
    recompute: (modules) => void handle.recomputed.push(...modules),
    filterTrainable: (filter) =>
      void handle.filters.push((...about) => blaming(plugin, 'filterTrainable', () => filter(...about))),
    modules: () => stack.modules(),
    parameters: () => stack.namedParameters(),
    trainableParameters: () => stack.trainableParameters(),
    random: (...keys) => randomStream(stack.seed, plugin, stack.step_, ...keys),
    snapshot(module) {
      const made = new Snapshot(module, shadow);
      for (const tensor of made.tensors()) stack.ledger.claim(tensor, 'plugin', plugin);
      handle.onDispose(() => made.dispose());
      return made;
    },
    snapshotStack(options) {
      const made = new StackSnapshot(stack, options);
      for (const tensor of made.values.values()) stack.ledger.claim(tensor, 'plugin', plugin);
      handle.onDispose(() => made.dispose());
      return made;
    },
    taskGradients(batch, { parameters = stack.trainableParameters(), pass = 0, loss = unchanged } = {}) {
      markBatch(stack, batch);
      return inPass(pass, () => differentiate(stack, batch, { parameters, terms: loss }));
    },
    shadow,
    parameterVector(pattern) {
      const matches = pattern === undefined ? undefined : pathMatcher(pattern);
      const all = matches ? stack.namedParameters() : stack.trainableParameters();
      return new ParameterVector(new Map([...all].filter(([name]) => !matches || matches(name))));
    },
    perSampleGradients(batch: Batch, { parameters = '**', pass = 0 }, visit) {
      const matches = typeof parameters === 'string' ? pathMatcher(parameters) : parameters;
      inPass(pass, () => perSampleGradients(stack, batch, matches, visit));
    },
    keep(tensor) {
      stack.ledger.claim(tensor, 'plugin', plugin);
      return handle.keep(hold(tensor));
    },
  };
}

/** A pattern that matches no tap point of any module is a misspelling: silence would hide it. */
function checkTapsMatch(stack: Stack<unknown>): void {
  const points: [string, string][] = [];
  for (const module of stack.modules()) {
    const parameters = [...module.namedParameters().keys()].filter((name) => !name.includes('.'));
    for (const point of ['input', 'output', ...module.innerPoints(), ...parameters]) points.push([module.path, point]);
  }
  const [pattern] = stack.hooks.taps.unmatched(points);
  if (pattern === undefined) return;
  throw new TapgradError({
    code: 'TAP_UNMATCHED',
    message: `no tap point matches ${pattern}`,
    plugin: stack.hooks.taps.pluginOf(pattern),
    hook: `tap(${pattern})`,
    fix: `use a path of the model, for example ${points
      .slice(0, 6)
      .map(([path, point]) => `${path}:${point}`)
      .join(', ')}`,
  });
}
