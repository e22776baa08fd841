import { definePlugin, isDataless, type SlotStage } from '@tapgrad/core';
import { type Tensor, util } from '@tensorflow/tfjs-core';
import { copiesAtOnce } from '../host/host-copy.ts';
import { AwayValue } from './away-value.ts';
import { type CheckedOffloadOptions, type OffloadOptions, offloadOptions } from './options.ts';
import { OffloadPlan } from './plan.ts';
import { policyOf } from './policy.ts';
import type { OpenStore } from './store.ts';

type Kept = { readonly value: Tensor } | { readonly away: AwayValue };

/**
 * Saved activations leave the device, into the host's memory or files, and come back ahead of the backward that needs them;
 * other modules keep theirs, or are run again: SSDTrain's tensor cache (Wu et al. 2024, arXiv:2408.10013). Same gradients, bit
 * for bit.
 */
export const offload = definePlugin<OffloadOptions, CheckedOffloadOptions>({
  name: 'offload',
  version: '0.0.0',
  reads: ['slot:saved', 'slot:elementwise'],
  transforms: ['slot:place'],
  options: offloadOptions,
  apply(context) {
    const { hooks, options, ledger, model } = context;
    const modules = new Map(context.modules().map((module) => [module.path, module]));
    const policy = policyOf(options, [...modules.keys()]);
    context.recompute(policy.recomputed.map((path) => modules.get(path) ?? model));
    const plan = new OffloadPlan(policy, options);
    const { offDevice } = ledger;
    let store: OpenStore | undefined;
    let bytesAway = 0;

    const stageOf = (path: string): SlotStage<Kept> => {
      const keeps = (value: Tensor) =>
        value.size < options.smallest || value.dtype === 'complex64' || bytesAway >= options.budget;
      const unpackNow = (kept: Kept) => ('value' in kept ? kept.value : kept.away.restoreNow());
      // What can come at once, and costs no wait, need not wait for anything.
      const waits = !copiesAtOnce() || (options.store !== undefined && !isDataless());
      return {
        asynchronous: waits,
        pack(value) {
          if (keeps(value)) return { value };
          if (options.store && !isDataless()) store ??= options.store.open({ offDevice, waiting: options.waiting });
          const departure = plan.record.leaves(path, value.size * util.bytesPerElement(value.dtype));
          const away = new AwayValue(value, { offDevice, store, departure });
          bytesAway += away.bytes;
          return { away };
        },
        unpack: waits ? async (kept) => ('value' in kept ? kept.value : kept.away.restore()) : unpackNow,
        ...(copiesAtOnce() && { unpackNow }),
        prefetch(kept) {
          if ('away' in kept) kept.away.prefetch();
        },
        discard(kept) {
          if ('value' in kept) return;
          bytesAway -= kept.away.bytes;
          kept.away.discard();
        },
      };
    };

    hooks.save.tap((slot, { modulePath, phase }) => {
      // What runs again in backward is needed at once.
      if (phase !== 'forward' || !plan.leaves(modulePath, context.tape())) return slot;
      return slot.through(stageOf(modulePath));
    });
    hooks.tap(':output').forward(() => plan.record.modelEnded());
    return { dispose: () => store?.close() };
  },
});
