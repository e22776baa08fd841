import { type Parameter, softmaxCrossEntropy } from '@tapgrad/core';
import {
  addN,
  div,
  exp,
  matMul,
  mul,
  scalar,
  softmax,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
} from '@tensorflow/tfjs-core';

/**
 * Distillation of a distribution: T² · mean over rows of the cross-entropy of softmax(student / T) against softmax(teacher / T)
 * (Zheng et al. 2023, section 3.2; Hinton et al. 2015). Its least value is the teacher's entropy times T², not 0.
 * @param teacher logits `[rows, choices]`; no gradient passes to them
 * @param student logits of the same shape
 * @returns a scalar
 */
export function distillation(teacher: Tensor, student: Tensor, temperature: number): Tensor {
  const target = softmax(div(teacher, temperature));
  return mul(softmaxCrossEntropy(div(student, temperature), target), temperature ** 2);
}

/** Similarity logits exp(scale) · image · textᵀ, `[images, texts]`, of embeddings of length 1. */
export function similarities(image: Tensor, text: Tensor, scale: Tensor): Tensor {
  return mul(matMul(image, text, false, true), exp(scale));
}

/** Embeddings of the reference data by one model. */
export interface Embedded {
  /** `[images, width]` */
  readonly image: Tensor;
  /** `[texts, width]` */
  readonly text: Tensor;
  /** Logarithm of what cosines are multiplied with, a scalar. */
  readonly scale: Tensor;
}

export interface ReferenceOptions {
  /** T. */
  readonly temperature: number;
  /** Whether the text side is that of the student's text tower; else both sides are the image tower's. */
  readonly textTower: boolean;
}

/**
 * The two losses in feature space. Images are told from each other by their similarities with the teacher's texts, over the
 * texts; texts by theirs with images, over the images: those of the student's texts with the teacher's images, or
 * (`textTower: false`, as released) those of the teacher's texts with the student's images.
 */
export function referenceLosses(
  teacher: Embedded,
  student: Embedded,
  { temperature, textTower }: ReferenceOptions,
): { readonly image: () => Tensor; readonly text: () => Tensor } {
  const known = similarities(teacher.image, teacher.text, teacher.scale);
  const ofImages = () => similarities(student.image, teacher.text, student.scale);
  const ofTexts = () => (textTower ? similarities(teacher.image, student.text, student.scale) : ofImages());
  return {
    image: () => distillation(known, ofImages(), temperature),
    text: () => distillation(transpose(known), transpose(ofTexts()), temperature),
  };
}

/** Σ (θ − θ₀)² over all elements of the parameters that have a start: the sum, not the mean. A scalar. */
export function squaredDistance(
  parameters: ReadonlyMap<string, Pick<Parameter, 'variable'>>,
  starts: ReadonlyMap<string, Tensor>,
): Tensor {
  const parts = [...parameters].flatMap(([name, { variable }]) => {
    const start = starts.get(name);
    return start ? [sum(square(sub(variable, start)))] : [];
  });
  return parts.length === 0 ? scalar(0) : addN(parts);
}
