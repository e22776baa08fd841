import { attach, type Batch, definePlugin, type Module, type Plugin, type SaveRequest } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';

/** What one training step recorded, for this package's tests. */
export interface RecordedStep {
  /** Module path and kernel of every node on the tape. */
  readonly nodes: readonly (readonly [path: string, kernel: string])[];
  /** Every activation that was saved, once. */
  readonly saved: readonly SaveRequest[];
  /** Bytes that the tape keeps at the end of the forward, codes counted as codes. */
  readonly savedBytes: number;
}

/** Forward and backward of one batch. Derived slots are off by default, so that every saved value shows. */
export function recordedStep(
  model: Module<never, Tensor>,
  plugins: readonly (Plugin | readonly Plugin[])[],
  batch: Batch,
  { derivedSlots = false }: { derivedSlots?: boolean } = {},
): RecordedStep {
  const saved: SaveRequest[] = [];
  const nodes: [string, string][] = [];
  let savedBytes = 0;
  const spy = definePlugin({
    name: 'spy',
    apply({ hooks }) {
      hooks.save.tap((slot, request) => {
        saved.push(request);
        return slot;
      });
      hooks.loss.tap((_, { tape }) => {
        savedBytes = tape?.savedBytes ?? 0;
        for (const node of tape?.nodes ?? []) if (node) nodes.push([node.modulePath, node.kernel]);
      });
    },
  });
  const stack = attach(model, [...plugins, spy()], { loss: crossEntropy, derivedSlots });
  try {
    stack.gradientsOf(batch).dispose();
  } finally {
    stack.detach();
  }
  return { nodes, saved, savedBytes };
}

/** Elements in the saved values of modules under a path. */
export function elementsUnder({ saved }: RecordedStep, path: string): number {
  return saved
    .filter(({ modulePath }) => modulePath === path || modulePath.startsWith(`${path}.`))
    .reduce((total, { shape }) => total + shape.reduce((product, length) => product * length, 1), 0);
}
