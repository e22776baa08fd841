import { cosineSimilarity } from '@tapgrad/nn';
import {
  abs,
  add,
  div,
  exp,
  log,
  matMul,
  max,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  sigmoid,
  slice,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
} from '@tensorflow/tfjs-core';

export type Aggregation = 'gram' | 'mean' | 'sum' | 'max' | 'product' | 'pairwise' | 'stochastic-pairwise' | 'none';
export type AntiTransferDistance = 'cos-squared' | 'minus-sigmoid-mse';

/** What is compared: rows of one with rows of the other, or all channels of a sample with all of the other's. */
type Compared = readonly [own: Tensor, other: Tensor];

const gramScale = 1e-3;
const productOffset = 1e-10;
const productPower = 0.001;
const smallestNorm = 1e-8;

/**
 * How alike two networks' features are, a scalar: what anti-transfer adds to the loss.
 * @param own maps `[batch, height, width, channels]`, tokens `[batch, tokens, width]` or vectors `[batch, width]`
 * @param other the same shape
 * @param start of the slice of channels, for `stochastic-pairwise`
 */
export function similarity(
  own: Tensor,
  other: Tensor,
  {
    aggregation,
    distance,
    start = 0,
  }: {
    readonly aggregation: Aggregation;
    readonly distance: AntiTransferDistance;
    readonly start?: number;
  },
): Tensor {
  const pair: Compared = [mapsOf(own), mapsOf(other)];
  if (aggregation === 'pairwise') return ofPairs(pair, distance);
  if (aggregation === 'stochastic-pairwise') {
    const length = sliceLength(own);
    const [batch, , positions] = pair[0].shape as [number, number, number];
    const part = (maps: Tensor) => slice(maps, [0, start, 0], [batch, length, positions]);
    return ofPairs([part(pair[0]), part(pair[1])], distance);
  }
  const [a, b] = pair.map((maps) => aggregated(maps, aggregation)) as [Tensor, Tensor];
  if (distance === 'minus-sigmoid-mse') return neg(sigmoid(mean(square(sub(a, b)))));
  return square(mean(abs(cosineSimilarity(a, b))));
}

/** Channels in a slice of `stochastic-pairwise`: C / B, at least one. */
export function sliceLength(features: Tensor): number {
  const [batch, channels] = mapsShape(features);
  return Math.max(1, Math.floor(channels / batch));
}

/** Where such a slice may begin: a number of places. */
export function slicePlaces(features: Tensor): number {
  return mapsShape(features)[1] - sliceLength(features) + 1;
}

/** `[batch, channels, positions]`; of vectors, one channel whose positions are their elements. */
function mapsOf(features: Tensor): Tensor {
  const [batch, channels, positions] = mapsShape(features);
  if (features.rank === 2) return reshape(features, [batch, channels, positions]);
  return transpose(reshape(features, [batch, positions, channels]), [0, 2, 1]);
}

function mapsShape({ shape, rank, size }: Tensor): [batch: number, channels: number, positions: number] {
  const batch = shape[0] ?? 1;
  const channels = rank === 2 ? 1 : (shape.at(-1) ?? 1);
  return [batch, channels, size / (batch * channels)];
}

/** Rows that are compared one by one. */
function aggregated(maps: Tensor, aggregation: Aggregation): Tensor {
  switch (aggregation) {
    case 'gram':
      return gram(maps);
    case 'mean':
      return mean(maps, 1);
    case 'sum':
      return sum(maps, 1);
    case 'max':
      return max(maps, 1);
    case 'product':
      // Of powers, so that products of many channels stay in range; what is below 0 has no such power.
      return exp(mul(sum(log(add(maximum(maps, 0), productOffset)), 1), productPower));
    default:
      return rowsOf(maps);
  }
}

/** One Gram matrix over the channels of the whole batch, `[batch · channels, batch · channels]`. */
function gram(maps: Tensor): Tensor {
  const rows = rowsOf(maps);
  return div(matMul(rows, rows, false, true), rows.size * gramScale);
}

function rowsOf(maps: Tensor): Tensor {
  const [batch, channels, positions] = maps.shape as [number, number, number];
  return reshape(maps, [batch * channels, positions]);
}

/** Every channel of a sample with every channel of the other network's. */
function ofPairs([a, b]: Compared, distance: AntiTransferDistance): Tensor {
  const products = matMul(a, b, false, true);
  const [ofA, ofB] = [sum(square(a), -1, true), transpose(sum(square(b), -1, true), [0, 2, 1])];
  if (distance === 'minus-sigmoid-mse') {
    const positions = a.shape[2] ?? 1;
    return neg(sigmoid(div(mean(sub(add(ofA, ofB), mul(products, 2))), positions)));
  }
  const norms = sqrt(maximum(mul(ofA, ofB), smallestNorm ** 2));
  return square(mean(abs(div(products, norms))));
}
