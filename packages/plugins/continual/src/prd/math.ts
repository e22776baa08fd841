import { detach } from '@tapgrad/core';
import { klDivergence } from '@tapgrad/nn';
import {
  cast,
  div,
  equal,
  exp,
  expandDims,
  eye,
  log,
  matMul,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  range,
  sub,
  sum,
  type Tensor,
  transpose,
} from '@tensorflow/tfjs-core';
import { unitRows } from '../base/unit-rows.ts';

/** What the published contrastive loss is divided by beside its temperature (Khosla et al. 2020, arXiv:2004.11362, released code). */
const baseTemperature = 0.07;

/**
 * Supervised contrastive loss: `-(τ/0.07) · mean_i 1/|P(i)| Σ_{p ∈ P(i)} log( e^{u_i·u_p/τ} / Σ_{a≠i} e^{u_i·u_a/τ} )`, where
 * P(i) are the other rows with the label of i. Rows without another of their label have no term, and do not count in the mean.
 * @param directions u, unit rows, `[rows, width]`: all views of all samples
 * @param labels int32 `[rows]`
 */
export function supervisedContrast(directions: Tensor, labels: Tensor, temperature: number): Tensor {
  const rows = directions.shape[0] as number;
  const others = sub(1, eye(rows));
  const positives = mul(cast(equal(expandDims(labels, 1), expandDims(labels, 0)), 'float32'), others);
  const similarities = div(matMul(directions, directions, false, true), temperature);
  const shifted = sub(similarities, detach(max(similarities, 1, true)));
  const logProbabilities = sub(shifted, log(sum(mul(exp(shifted), others), 1, true)));
  const counts = sum(positives, 1);
  const ofAnchors = div(sum(mul(positives, logProbabilities), 1), maximum(counts, 1));
  const anchors = maximum(sum(minimum(counts, 1)), 1);
  return mul(neg(div(sum(ofAnchors), anchors)), temperature / baseTemperature);
}

/** `cos(h_i, P_c)`: features `[rows, width]` and prototypes `[classes, width]` to `[rows, classes]`. */
export function cosines(features: Tensor, prototypes: Tensor): Tensor {
  return matMul(unitRows(features), unitRows(prototypes), false, true);
}

/**
 * `mean_i (1 - cos(h_i, P_{y_i}))` over the rows whose label is one of the prototypes'; 0 if there is none. PRD
 * (Asadi et al. 2023, arXiv:2303.14771), L_P. The caller stops the gradient of the features.
 * @param labels int32 `[rows]`
 * @param first label of the first prototype
 */
export function prototypeLoss(features: Tensor, prototypes: Tensor, labels: Tensor, first = 0): Tensor {
  const classes = range(first, first + (prototypes.shape[0] as number), 1, 'int32');
  const own = cast(equal(expandDims(labels, 1), classes), 'float32');
  return div(sum(mul(sub(1, cosines(features, prototypes)), own)), maximum(sum(own), 1));
}

/** How relations of samples and prototypes are compared. */
export interface RelationOptions {
  /** What the distribution is over: for each prototype the samples of the batch, or for each sample the classes. */
  readonly axis: 'class' | 'sample';
  readonly temperature: number;
  /** Cosines, or products with unit prototypes. */
  readonly normalizeFeatures: boolean;
}

/** Scores of samples and prototypes that relations are made of: `[rows, classes]`. */
export function relationScores(
  features: Tensor,
  prototypes: Tensor,
  { normalizeFeatures }: Pick<RelationOptions, 'normalizeFeatures'>,
): Tensor {
  return normalizeFeatures ? cosines(features, prototypes) : matMul(features, unitRows(prototypes), false, true);
}

/**
 * `KL(softmax(teacher/T) || softmax(student/T))` over samples or classes, the mean over the others: L_D of PRD.
 * @param scores of the student, `[rows, classes]`
 * @param teacher the same
 */
export function relationDistillation(scores: Tensor, teacher: Tensor, { axis, temperature }: RelationOptions): Tensor {
  const soft = (x: Tensor) => div(axis === 'sample' ? transpose(x) : x, temperature);
  return mean(klDivergence(soft(scores), soft(teacher), { reduction: 'none' }));
}
