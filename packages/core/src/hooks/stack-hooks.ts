import { TapRegistry } from '../module/taps.ts';
import type { SaveRequest, SlotPlan } from '../tape/slot.ts';
import { AsyncWaterfallHook, BailHook, EventHook, WaterfallHook } from './hook.ts';
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

/** Every hook of one stack, in the order in which a step meets them. */
export class StackHooks {
  readonly taps = new TapRegistry();
  readonly batch = new AsyncWaterfallHook<Batch, StepContext>('batch');
  readonly save = new WaterfallHook<SlotPlan, SaveRequest>('save');
  readonly loss = new WaterfallHook<LossTerms, LossContext>('loss');
  readonly backward = new BailHook<BackwardContext, Differentiated>('backward');
  readonly gradientsOfMicroBatch = new WaterfallHook<GradientMap, GradientContext>('gradients.microBatch');
  readonly gradientsOfStep = new WaterfallHook<GradientMap, GradientContext>('gradients.step');
  readonly beforeUpdate = new EventHook<UpdateContext>('update.before');
  readonly update = new BailHook<UpdateContext, true>('update.replace');
  readonly afterUpdate = new EventHook<UpdateContext>('update.after');
  readonly begin = lifeCycleHooks('begin');
  readonly end = lifeCycleHooks('end');

  /** Every hook with its name, for `explain()`. */
  all(): { name: string; plugins: string[] }[] {
    const { batch, save, loss, backward, gradientsOfMicroBatch, gradientsOfStep, beforeUpdate, update, afterUpdate } =
      this;
    return [
      ...[batch, save, loss, backward, gradientsOfMicroBatch, gradientsOfStep, beforeUpdate, update, afterUpdate],
      ...Object.values(this.begin),
      ...Object.values(this.end),
    ];
  }
}

function lifeCycleHooks(when: 'begin' | 'end'): Record<LifeCycle, EventHook<LifeCycleContext>> {
  return Object.fromEntries(
    lifeCycles.map((name) => [name, new EventHook<LifeCycleContext>(`${name}.${when}`)]),
  ) as Record<LifeCycle, EventHook<LifeCycleContext>>;
}
