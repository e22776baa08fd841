import { pathMatcher } from '../module/pattern.ts';
import type { BackwardTap, ForwardTap, TapContext } from '../module/taps.ts';
import type { SaveRole } from '../rules/registry.ts';
import { type SaveRequest, SlotPlan } from '../tape/slot.ts';
import { hookError, type Tapper } from './hook.ts';
import type { StackHooks } from './stack-hooks.ts';
import {
  type BackwardContext,
  type Batch,
  type Differentiated,
  type GradientContext,
  type GradientMap,
  type LifeCycle,
  type LifeCycleContext,
  type LossContext,
  type LossTerms,
  lifeCycles,
  type StepContext,
  type UpdateContext,
} from './types.ts';

/** Removes what was tapped. Everything is removed when the plugin is detached. */
export type Untap = () => void;
type OrNothing<T> = T | undefined | void;
type MaybeLater<T> = T | Promise<T>;

/** Which saved values a handler wants to see; what is left out matches all. */
export interface SaveFilter {
  readonly role?: SaveRole | readonly SaveRole[];
  readonly kernel?: string | readonly string[];
  /** Glob over module paths. */
  readonly at?: string;
}

type SaveHandler = (slot: SlotPlan, request: SaveRequest) => OrNothing<SlotPlan>;
type Event<C> = { tap(handler: (context: C) => MaybeLater<void>): Untap };

/** The hooks of a stack as one plugin sees them: what it taps carries its name and its place in the order. */
export interface PluginHooks {
  /**
   * A named place that values pass: `blocks.*:output`, `**.attention:key`, `head:weight`. Without a colon: `:output`.
   * A forward tap gets the value (a tensor, or the list of arguments of a module with several); a backward tap the
   * gradient of each tensor in it, after all forward taps, once it is complete.
   */
  tap(pattern: string): {
    forward<T = import('@tensorflow/tfjs-core').Tensor>(handler: ForwardTap<T>): Untap;
    backward(handler: BackwardTap): Untap;
  };
  readonly save: { tap(handler: SaveHandler): Untap; for(filter: SaveFilter, handler: SaveHandler): Untap };
  readonly batch: { tap(handler: (batch: Batch, context: StepContext) => MaybeLater<OrNothing<Batch>>): Untap };
  readonly loss: {
    tap(handler: (terms: LossTerms, context: LossContext) => OrNothing<LossTerms>): Untap;
    /** Asks for the gradients of one term by themselves, in `context.byTerm` of the gradient hooks. Costs one more backward. */
    keepApart(term: string): Untap;
  };
  /** Stands in for forward and backpropagation of a micro-batch. */
  readonly backward: { tap(handler: (context: BackwardContext) => MaybeLater<OrNothing<Differentiated>>): Untap };
  readonly gradients: {
    readonly microBatch: {
      tap(handler: (gradients: GradientMap, context: GradientContext) => OrNothing<GradientMap>): Untap;
    };
    readonly step: {
      tap(handler: (gradients: GradientMap, context: GradientContext) => OrNothing<GradientMap>): Untap;
    };
  };
  readonly update: {
    readonly before: Event<UpdateContext>;
    /** Stands in for the optimizer's step if it returns true. */
    readonly replace: { tap(handler: (context: UpdateContext) => MaybeLater<OrNothing<true>>): Untap };
    readonly after: Event<UpdateContext>;
  };
  readonly train: { readonly begin: Event<LifeCycleContext>; readonly end: Event<LifeCycleContext> };
  readonly epoch: { readonly begin: Event<LifeCycleContext>; readonly end: Event<LifeCycleContext> };
  readonly task: { readonly begin: Event<LifeCycleContext>; readonly end: Event<LifeCycleContext> };
  readonly step: { readonly begin: Event<LifeCycleContext>; readonly end: Event<LifeCycleContext> };
  readonly evaluate: { readonly begin: Event<LifeCycleContext>; readonly end: Event<LifeCycleContext> };
}

/** Makes one plugin's view of the hooks. `onTap` is given every removal, for detaching. */
export function pluginHooks(
  hooks: StackHooks,
  tapper: Tapper,
  keptApart: Map<string, number>,
  onTap: (untap: Untap) => void,
): PluginHooks {
  const { plugin, rank } = tapper;
  const remember = (untap: Untap): Untap => {
    onTap(untap);
    return untap;
  };
  const on = <H>(hook: { tap(tapper: Tapper, handler: H): Untap }) => ({
    tap: (handler: H) => remember(hook.tap(tapper, handler)),
  });
  const saveFor = (filter: SaveFilter, handler: SaveHandler) =>
    remember(hooks.save.tap(tapper, filtered(filter, handler, tapper)));
  const cycles = Object.fromEntries(
    lifeCycles.map((name) => [name, { begin: on(hooks.begin[name]), end: on(hooks.end[name]) }]),
  ) as unknown as Pick<PluginHooks, LifeCycle>;
  return {
    tap: (pattern) => ({
      forward: (handler) =>
        remember(hooks.taps.add({ plugin, rank, pattern, forward: guarded(handler as never, tapper) })),
      backward: (handler) => remember(hooks.taps.add({ plugin, rank, pattern, backward: guarded(handler, tapper) })),
    }),
    save: { tap: (handler) => saveFor({}, handler), for: saveFor },
    batch: on(hooks.batch),
    loss: { ...on(hooks.loss), keepApart: (term) => remember(keepApart(keptApart, term)) },
    backward: on(hooks.backward),
    gradients: { microBatch: on(hooks.gradientsOfMicroBatch), step: on(hooks.gradientsOfStep) },
    update: { before: on(hooks.beforeUpdate), replace: on(hooks.update), after: on(hooks.afterUpdate) },
    ...cycles,
  };
}

/** A disabled plugin's tap changes nothing. */
function guarded<V>(handler: (value: V, context: TapContext) => unknown, tapper: Tapper) {
  return (value: V, context: TapContext) => (tapper.enabled ? handler(value, context) : undefined) as never;
}

function filtered({ role, kernel, at }: SaveFilter, handler: SaveHandler, { plugin }: Tapper): SaveHandler {
  const roles = role === undefined ? undefined : [role].flat();
  const kernels = kernel === undefined ? undefined : [kernel].flat();
  const matches = at === undefined ? undefined : pathMatcher(at);
  return (slot, request) => {
    if (roles && !roles.includes(request.role)) return slot;
    if (kernels && !kernels.includes(request.kernel)) return slot;
    if (matches && !matches(request.modulePath)) return slot;
    const made = handler(slot, request) ?? slot;
    if (!(made instanceof SlotPlan)) throw hookError(new Error('the handler must return the slot'), plugin, 'save');
    return made.signed(plugin);
  };
}

function keepApart(counts: Map<string, number>, term: string): Untap {
  counts.set(term, (counts.get(term) ?? 0) + 1);
  return () => {
    const left = (counts.get(term) ?? 1) - 1;
    if (left > 0) counts.set(term, left);
    else counts.delete(term);
  };
}
