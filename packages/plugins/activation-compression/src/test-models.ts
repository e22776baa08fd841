import {
  attach,
  type Batch,
  definePlugin,
  type Plugin,
  randomStream,
  type SaveRequest,
  type Stack,
} from '@tapgrad/core';
import { crossEntropy, VisionTransformer } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/** Models, batches and meters for this package's tests. */
export function tinyVit(options: Partial<ConstructorParameters<typeof VisionTransformer>[0]> = {}): VisionTransformer {
  const random = randomStream(5, 'vit');
  return new VisionTransformer({
    width: 16,
    heads: 2,
    layers: 2,
    imageSize: 16,
    patchSize: 4,
    classes: 3,
    random,
    ...options,
  });
}

export function images(batch = 4, index = 0): Batch & { inputs: Tensor; targets: Tensor } {
  const labels = Int32Array.from({ length: batch }, (_, i) => i % 3);
  return {
    inputs: normal([batch, 16, 16, 3], `images ${index}`),
    targets: tensor(labels, [batch], 'int32'),
  };
}

export function disposeBatch({ inputs, targets }: { inputs: Tensor; targets: Tensor }): void {
  inputs.dispose();
  targets.dispose();
}

export function normal(shape: readonly number[], key: string, deviation = 1): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(randomStream(7, key).normal(size, 0, deviation), [...shape]);
}

export function attached(
  model: VisionTransformer,
  plugins: readonly Plugin[],
  options: { derivedSlots?: boolean } = {},
): Stack<Tensor> {
  return attach(model, [...plugins], { loss: crossEntropy, optimizer: sgd({ learningRate: 0.05 }), ...options });
}

/** Gradients by name as numbers. */
export function gradientsOf(stack: Stack<Tensor>, batch: Batch): Record<string, number[]> {
  const made = stack.gradientsOf(batch);
  const numbers = Object.fromEntries([...made.gradients].map(([name, gradient]) => [name, [...gradient.dataSync()]]));
  made.dispose();
  return numbers;
}

/** ‖a − b‖ / ‖b‖ over all parameters. */
export function relativeDistance(a: Record<string, number[]>, b: Record<string, number[]>): number {
  let [apart, whole] = [0, 0];
  for (const [name, values] of Object.entries(b)) {
    for (const [i, value] of values.entries()) {
      apart += ((a[name]?.[i] as number) - value) ** 2;
      whole += value ** 2;
    }
  }
  return Math.sqrt(apart / whole);
}

export interface Saved {
  /** Bytes of everything kept for backward when the loss is there, parameters and batch not counted. */
  readonly bytes: number;
  /** Every activation that was saved. */
  readonly requests: readonly SaveRequest[];
}

/** What one forward keeps for backward. `filter`: which parameters train. */
export function savedBy(
  plugins: readonly Plugin[],
  { model = tinyVit(), batch = images(), filter = () => true, derivedSlots = true }: SavedOptions = {},
): Saved {
  const requests: SaveRequest[] = [];
  let bytes = 0;
  const meter = definePlugin({
    name: 'meter',
    apply({ hooks, filterTrainable }) {
      filterTrainable(filter);
      hooks.save.tap((_, request) => void requests.push(request));
      hooks.loss.tap((_, { tape }) => {
        bytes = tape?.savedBytes ?? 0;
      });
    },
  });
  const stack = attached(model, [...plugins, meter()], { derivedSlots });
  stack.gradientsOf(batch).dispose();
  stack.detach();
  model.dispose();
  disposeBatch(batch);
  return { bytes, requests };
}

export interface SavedOptions {
  readonly model?: VisionTransformer;
  readonly batch?: Batch & { inputs: Tensor; targets: Tensor };
  readonly filter?: (name: string) => boolean;
  readonly derivedSlots?: boolean;
}
