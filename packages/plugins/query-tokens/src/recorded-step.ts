import { attach, type Batch, definePlugin, type Plugin, type SaveRequest } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { TestModel } from './test-models.ts';

/** What one training step records, for this package's tests. */
export interface Recorded {
  /** Module path and kernel of every node on the tape. */
  readonly nodes: readonly (readonly [path: string, kernel: string])[];
  /** Every activation that was saved, once. */
  readonly saved: readonly SaveRequest[];
  /** Names of the parameters that got a gradient. */
  readonly gradients: readonly string[];
  /** Points of those asked for at which the value was tracked. */
  readonly tracked: readonly string[];
}

/** Derived slots are off, so that every saved value shows. */
export function recordedStep(model: TestModel, plugin: Plugin, batch: Batch, points: readonly string[] = []): Recorded {
  const saved: SaveRequest[] = [];
  const nodes: [string, string][] = [];
  const tracked: string[] = [];
  const spy = definePlugin({
    name: 'spy',
    apply({ hooks, tape }) {
      hooks.save.tap((slot, request) => {
        saved.push(request);
        return slot;
      });
      for (const point of points) {
        hooks.tap(point).forward<Tensor>((value) => {
          if (tape()?.tracks(value)) tracked.push(point);
        });
      }
      hooks.loss.tap((_, { tape: recorded }) => {
        for (const node of recorded?.nodes ?? []) if (node) nodes.push([node.modulePath, node.kernel]);
      });
    },
  });
  const stack = attach(model, [plugin, spy()], { loss: crossEntropy, derivedSlots: false });
  const made = stack.gradientsOf(batch);
  const gradients = [...made.gradients.keys()].sort();
  made.dispose();
  stack.detach();
  return { nodes, saved, gradients, tracked };
}

/** Elements in saved values. */
export function elements(requests: readonly SaveRequest[]): number {
  return requests.reduce((total, { shape }) => total + shape.reduce((product, length) => product * length, 1), 0);
}
