import { add, type FusedBatchNormAttrs, mul, neg, pow, rsqrt, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { sumTo } from './broadcast.ts';
import { rule } from './registry.ts';

type BatchNormInput = 'x' | 'mean' | 'variance' | 'offset' | 'scale';

/** Shape to which the statistics and the affine parameters broadcast together. */
function statisticsShape(shapes: readonly (readonly number[] | undefined)[]): number[] {
  const known = shapes.filter((shape) => shape !== undefined);
  const rank = Math.max(...known.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => Math.max(...known.map((shape) => shape.at(axis - rank) ?? 1)));
}

rule<BatchNormInput, FusedBatchNormAttrs>('FusedBatchNorm', {
  inputs: ['x', 'mean', 'variance', 'offset', 'scale'],
  saves(need, { shapes }) {
    const dependsOnX = need.variance || need.scale;
    const dependsOnScale = need.x || need.mean || need.variance;
    return [
      dependsOnX && 'x',
      dependsOnX && 'mean',
      (dependsOnX || dependsOnScale) && 'variance',
      dependsOnScale && shapes.scale && 'scale',
    ];
  },
  backward({ dy, need, saved, shapes, attrs }) {
    const common = statisticsShape([shapes.mean, shapes.variance, shapes.scale, shapes.offset]);
    const inverse = () => rsqrt(add(saved.variance, attrs.varianceEpsilon ?? 0.001));
    const scaled = (value: Tensor) => (shapes.scale ? mul(value, saved.scale) : value);
    // Needed for both scale and variance; a tidy frees its two large intermediates at once.
    const projected = need.scale || need.variance ? tidy(() => sumTo(mul(dy, sub(saved.x, saved.mean)), common)) : dy;
    return {
      x: () => mul(dy, scaled(inverse())),
      mean: () => sumTo(neg(mul(sumTo(dy, common), scaled(inverse()))), shapes.mean),
      variance: () => sumTo(mul(projected, scaled(mul(-0.5, pow(inverse(), 3)))), shapes.variance),
      offset: () => sumTo(dy, shapes.offset),
      scale: () => sumTo(mul(projected, inverse()), shapes.scale),
    };
  },
});
