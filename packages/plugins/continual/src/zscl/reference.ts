import { type LossContext, type RandomStream, TapgradError } from '@tapgrad/core';
import { gather, Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Embedded } from './math.ts';
import type { CheckedZsclOptions } from './options.ts';

/** The reference data of one step. `batch` says that a side is that of the batch itself, which the model has embedded. */
export interface Reference {
  readonly images: Tensor;
  readonly texts: Tensor;
  /** Rows of `texts` that this step uses; undefined: all. */
  readonly chosen?: Tensor | undefined;
  readonly imagesOfBatch: boolean;
  readonly textsOfBatch: boolean;
}

type Source = CheckedZsclOptions['reference'];

/**
 * Draws the reference data of a step.
 * @throws TapgradError REFERENCE_DATA where the user's function gives something else
 */
export function referenceOf(
  source: Source,
  { batch, step }: Pick<LossContext, 'batch' | 'step'>,
  random: RandomStream,
): Reference {
  if (typeof source === 'function') {
    const { images, texts } = (source(step, random) ?? {}) as { images?: unknown; texts?: unknown };
    if (!(images instanceof Tensor) || !(texts instanceof Tensor)) throw noReference(images, texts);
    return { images, texts, imagesOfBatch: false, textsOfBatch: false };
  }
  const inputs = batch.inputs as readonly Tensor[];
  const imagesOfBatch = source.images === 'batch';
  const textsOfBatch = source.texts === 'batch';
  const texts = source.texts === 'batch' ? (inputs[1] as Tensor) : source.texts;
  return {
    images: source.images === 'batch' ? (inputs[0] as Tensor) : drawn(source.images, source.batchSize, random),
    texts,
    chosen: textsOfBatch ? undefined : rows(texts, source.textsPerStep, random),
    imagesOfBatch,
    textsOfBatch,
  };
}

/** The texts that the step uses. */
export function textsOf({ texts, chosen }: Reference): Tensor {
  return chosen ? gather(texts, chosen) : texts;
}

/**
 * The embeddings that a model of two towers gives.
 * @throws TapgradError OUTPUT_KIND
 */
export function embeddedOf(outputs: unknown): Embedded {
  const { image, text, scale } = (outputs ?? {}) as Partial<Record<keyof Embedded, unknown>>;
  const fits = [image, text].every((each) => each instanceof Tensor && each.rank === 2);
  if (fits && scale instanceof Tensor) return outputs as Embedded;
  throw new TapgradError({
    code: 'OUTPUT_KIND',
    message: 'the model does not give { image: [batch, width], text: [texts, width], scale }',
    fix: 'attach it to a DualEncoder of @tapgrad/nn, or to a model that gives the same',
  });
}

function drawn(all: Tensor, count: number, random: RandomStream): Tensor {
  const chosen = rows(all, count, random);
  return chosen ? gather(all, chosen) : all;
}

/** Numbers of `count` rows, drawn without replacement; undefined: all of them. */
function rows(of: Tensor, count: number | undefined, random: RandomStream): Tensor | undefined {
  const size = of.shape[0] as number;
  if (count === undefined || count >= size) return undefined;
  return tensor(random.permutation(size).slice(0, count), [count], 'int32');
}

function noReference(images: unknown, texts: unknown): TapgradError {
  const missing = images instanceof Tensor ? texts : images;
  return new TapgradError({
    code: 'REFERENCE_DATA',
    message: `the reference source gave ${missing instanceof Promise ? 'a promise' : typeof missing} where a tensor is needed`,
    fix: 'return { images, texts }, both tensors, at once: a step cannot wait for them',
  });
}
