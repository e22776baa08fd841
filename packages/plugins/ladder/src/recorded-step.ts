import { attach, type Batch, definePlugin, type Module, type Plugin, type SaveRequest } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** What one training step records, for this package's tests. */
export interface Recorded {
  /** Module path and kernel of every node on the tape. */
  readonly nodes: readonly (readonly [path: string, kernel: string])[];
  /** Every activation that was saved, once. */
  readonly saved: readonly SaveRequest[];
}

/** Derived slots are off, so that every saved value shows. */
export function recordedStep(
  model: Module<never, Tensor>,
  plugin: Plugin,
  batch: Batch,
  loss: (outputs: Tensor, batch: Batch) => Tensor,
): Recorded {
  const saved: SaveRequest[] = [];
  const nodes: [string, string][] = [];
  const spy = definePlugin({
    name: 'spy',
    apply({ hooks }) {
      hooks.save.tap((slot, request) => {
        saved.push(request);
        return slot;
      });
      hooks.loss.tap((_, { tape }) => {
        for (const node of tape?.nodes ?? []) if (node) nodes.push([node.modulePath, node.kernel]);
      });
    },
  });
  const stack = attach(model, [plugin, spy()], { loss, derivedSlots: false });
  stack.gradientsOf(batch).dispose();
  stack.detach();
  return { nodes, saved };
}

/** Elements in saved values. */
export function elements(requests: readonly SaveRequest[]): number {
  return requests.reduce((total, { shape }) => total + shape.reduce((product, length) => product * length, 1), 0);
}
