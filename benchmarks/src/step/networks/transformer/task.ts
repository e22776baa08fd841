import { labelsOf, type Task, WeightMaker } from '../../task.ts';

/** Sizes of a pre-norm transformer encoder. */
export interface TransformerSizes {
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
  /** Hidden width of the MLP over `width`. */
  readonly ratio: number;
  readonly batch: number;
  readonly tokens: number;
  readonly classes: number;
  readonly epsilon: number;
}

/** `inputs` are vectors `[batch, tokens, width]`, not token numbers: plain tfjs has no embedding gradient on wasm. */
export type TransformerTask = Task<'transformer', TransformerSizes>;

/** The encoder of the `step` benchmark. */
export const transformerSizes: TransformerSizes = {
  width: 192,
  heads: 3,
  layers: 4,
  ratio: 4,
  batch: 8,
  tokens: 64,
  classes: 10,
  epsilon: 1e-5,
};

/** Small enough to try the program. */
export const tinyTransformer: TransformerSizes = { ...transformerSizes, width: 24, layers: 1, batch: 2, tokens: 8 };

/** One seeded batch and the initial weights. */
export function transformerTask(seed: number, sizes: TransformerSizes = transformerSizes): TransformerTask {
  const { width, layers, ratio, batch, tokens, classes } = sizes;
  const make = new WeightMaker(seed);
  make.add('position', [tokens, width], 0.02);
  for (let layer = 0; layer < layers; layer++) {
    make.norm(`layers.${layer}.norm1`, width);
    make.linear(`layers.${layer}.attention.qkv`, width, 3 * width);
    make.linear(`layers.${layer}.attention.output`, width, width);
    make.norm(`layers.${layer}.norm2`, width);
    make.linear(`layers.${layer}.mlp.up`, width, ratio * width);
    make.linear(`layers.${layer}.mlp.down`, ratio * width, width);
  }
  make.norm('norm', width);
  make.linear('head', width, classes);
  return {
    network: 'transformer',
    sizes,
    weights: make.weights,
    inputs: make.normal(batch * tokens * width),
    inputShape: [batch, tokens, width],
    labels: labelsOf(sizes),
  };
}
