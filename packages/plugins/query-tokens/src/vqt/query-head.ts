import { Module, type Parameter, type RandomStream, TapgradError } from '@tapgrad/core';
import { initializers, Linear } from '@tapgrad/nn';
import { concat, gather, mean, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { unitRows, weightedQueries } from './math.ts';

export interface QueryHeadSizes {
  readonly pooledWidth: number;
  /** Width of each block. */
  readonly widths: readonly number[];
  readonly count: number;
  readonly classes: number;
  readonly pooling: 'concat' | 'mean' | 'weighted';
  /** Numbers of the features that the classifier gets, and the same as a tensor. */
  readonly features: readonly number[] | undefined;
  indices(): Tensor | undefined;
  readonly random: RandomStream;
}

/** The prior of a class at the start, as published. */
const prior = 0.01;

/**
 * A linear classifier of the model's pooled features `[batch, pooledWidth]` and what the queries of each block read,
 * `[batch, count, width]`, each over its own L2 norm and all side by side. To logits `[batch, classes]`.
 */
export class QueryHead extends Module<[pooled: Tensor, read: readonly Tensor[]]> {
  /** Others find it by its name. */
  readonly classifier: Linear;
  /** `[count]` for each block. */
  readonly weights: readonly Parameter[];

  constructor(readonly sizes: QueryHeadSizes) {
    super();
    const { pooledWidth, widths, count, pooling, classes, random, features } = sizes;
    const all = pooledWidth + widths.reduce((sum, width) => sum + width * (pooling === 'concat' ? count : 1), 0);
    const unknown = features?.filter((feature) => feature >= all) ?? [];
    if (unknown.length > 0 || new Set(features).size !== (features?.length ?? 0)) {
      throw new TapgradError({
        code: 'QUERY_FEATURES',
        message: `of ${all} features ${unknown.length > 0 ? `there is no number ${unknown[0]}` : 'one is selected twice'}`,
        fix: 'select with selectQueryFeatures, from a stack with the same blocks, count and pooling',
      });
    }
    this.classifier = new Linear(features?.length ?? all, classes, {
      random,
      initializer: initializers.kaimingNormal({ mode: 'out' }),
      biasInitializer: initializers.constant(-Math.log((1 - prior) / prior)),
    });
    this.weights =
      pooling === 'weighted' ? widths.map(() => initializers.initialParameter([count], initializers.ones, random)) : [];
  }

  override forward(pooled: Tensor, read: readonly Tensor[]): Tensor {
    const blocks = read.map((queries, layer) => unitRows(this.pool(queries, layer)));
    const features = concat([unitRows(pooled), ...blocks], 1);
    const indices = this.sizes.indices();
    return this.classifier.call(indices ? gather(features, indices, 1) : features);
  }

  private pool(queries: Tensor, layer: number): Tensor {
    const { pooling } = this.sizes;
    if (pooling === 'mean') return mean(queries, 1);
    if (pooling === 'weighted') return weightedQueries(queries, (this.weights[layer] as Parameter).read());
    return reshape(queries, [queries.shape[0] as number, -1]);
  }
}
