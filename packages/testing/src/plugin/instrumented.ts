import {
  type Plugin,
  type PluginContext,
  type PluginHooks,
  type PluginInstance,
  SlotPlan,
  type SlotStage,
} from '@tapgrad/core';

type AnyFunction = (...given: never[]) => unknown;

/** A function that a plugin gave away: which hook has it, and a key that is the same in each run. */
export interface Site {
  readonly plugin: string;
  /** As core names it in errors, for example `tap(layers.*:output)`. */
  readonly hook: string;
  readonly key: string;
}

/** Puts something around each function that a plugin hands to its stack. */
export type Around = <F extends AnyFunction>(site: Site, f: F) => F;

const groups = {
  gradients: ['microBatch', 'step'],
  update: ['before', 'replace', 'after'],
  train: ['begin', 'end'],
  epoch: ['begin', 'end'],
  task: ['begin', 'end'],
  step: ['begin', 'end'],
  evaluate: ['begin', 'end'],
} as const;

/** The same plugin, seen through `around`: hooks, filters, stages, state, dispose, and (as `apply`) the services it calls. */
export function instrumented(plugin: Plugin, around: Around): Plugin {
  const { name } = plugin.declaration;
  const numbers = new Map<string, number>();
  const wrap = <F extends AnyFunction>(hook: string, f: F): F => {
    const number = numbers.get(hook) ?? 0;
    numbers.set(hook, number + 1);
    return around({ plugin: name, hook, key: `${name} ${hook} ${number}` }, f);
  };
  return {
    ...plugin,
    apply(context) {
      numbers.clear();
      const instance = plugin.apply(services(context, wrap));
      return instance && instanceWrapped(instance, wrap);
    },
  };
}

type Wrap = <F extends AnyFunction>(hook: string, f: F) => F;
type Context = Omit<PluginContext<unknown>, 'options'>;

/** What a plugin calls to add something; between two of these `apply` may fail. */
const adding = [
  'addModule',
  'addParameter',
  'filterTrainable',
  'keepInEvaluation',
  'recompute',
  'snapshot',
  'snapshotStack',
  'keep',
] as const;

function services(context: Context, wrap: Wrap): Context {
  const filterTrainable: Context['filterTrainable'] = (filter) =>
    context.filterTrainable(wrap('filterTrainable', filter));
  const all = { ...context, filterTrainable };
  const wrapped = adding.map((service) => [service, wrap('apply', all[service] as AnyFunction)]);
  return { ...all, ...Object.fromEntries(wrapped), hooks: hooksWrapped(context.hooks, wrap) };
}

function hooksWrapped(hooks: PluginHooks, wrap: Wrap): PluginHooks {
  const tappable = (hook: string, { tap }: { tap(handler: never): unknown }) => ({
    tap: (handler: AnyFunction) => tap(wrap(hook, handler) as never),
  });
  const grouped = Object.entries(groups).map(([group, names]) => {
    const own = hooks[group as keyof typeof groups] as unknown as Record<string, { tap(handler: never): unknown }>;
    return [group, Object.fromEntries(names.map((name) => [name, tappable(`${group}.${name}`, own[name]!)]))];
  });
  const savers: PluginHooks['save'] = {
    tap: (handler) => hooks.save.tap(stagesWrapped(wrap('save', handler), wrap)),
    for: (filter, handler) => hooks.save.for(filter, stagesWrapped(wrap('save', handler), wrap)),
  };
  return {
    ...Object.fromEntries(grouped),
    tap: (pattern: string) => ({
      forward: (handler: AnyFunction) => hooks.tap(pattern).forward(wrap(`tap(${pattern})`, handler) as never),
      backward: (handler: AnyFunction) => hooks.tap(pattern).backward(wrap(`tap(${pattern})`, handler) as never),
    }),
    batch: tappable('batch', hooks.batch),
    backward: tappable('backward', hooks.backward),
    loss: { ...tappable('loss', hooks.loss), keepApart: hooks.loss.keepApart },
    save: savers,
  } as unknown as PluginHooks;
}

type SaveHandler = Parameters<PluginHooks['save']['tap']>[0];

/** Stages are made anew at each request: all that a plugin adds count as one site each for packing and unpacking. */
function stagesWrapped(handler: SaveHandler, wrap: Wrap): SaveHandler {
  let [pack, unpack]: [AnyFunction?, AnyFunction?] = [];
  let current: SlotStage;
  return (plan, request) => {
    const made = handler(plan, request);
    if (!(made instanceof SlotPlan)) return made;
    pack ??= wrap('save', ((value: never) => current.pack(value)) as AnyFunction);
    unpack ??= wrap('save', ((packed: never) => current.unpack(packed)) as AnyFunction);
    const through = (stage: SlotStage, f: AnyFunction) => (value: never) => {
      current = stage;
      return f(value);
    };
    return new SlotPlan(
      made.stages.map((stage) =>
        plan.stages.includes(stage)
          ? stage
          : (Object.create(stage, {
              pack: { value: through(stage, pack!) },
              unpack: { value: through(stage, unpack!) },
            }) as SlotStage),
      ),
    );
  };
}

function instanceWrapped(instance: PluginInstance, wrap: Wrap): PluginInstance {
  const { saveState, reshape, loadState, dispose } = instance;
  return {
    ...(saveState && { saveState: wrap('state.save', () => saveState.call(instance)) }),
    ...(reshape && { reshape: wrap('state.reshape', (json) => reshape.call(instance, json)) }),
    ...(loadState && { loadState: wrap('state.load', (state) => loadState.call(instance, state)) }),
    ...(dispose && { dispose: wrap('dispose', () => dispose.call(instance)) }),
  };
}
