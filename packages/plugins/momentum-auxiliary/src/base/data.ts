import { type Batch, type PluginContext, TapgradError } from '@tapgrad/core';
import { layerWidths } from '@tapgrad/nn';
import { max, min, stack, Tensor, tidy } from '@tensorflow/tfjs-core';
import type { CheckedAuxiliaryOptions } from './options.ts';

/** @throws TapgradError LOCAL_TARGETS */
export function targetsOf(batch: Batch, targets: ((batch: Batch) => unknown) | undefined): Tensor {
  const found = targets ? targets(batch) : batch.targets;
  if (found instanceof Tensor) return found;
  throw new TapgradError({
    code: 'LOCAL_TARGETS',
    message: `the batch has ${found === undefined ? 'no targets' : 'targets that are no tensor'}, and each part learns from them`,
    fix: 'give batches as { inputs, targets }, or the option `targets`: a function of the batch',
  });
}

/** @throws TapgradError LOCAL_CLASSES */
export function classesOf({ model }: PluginContext<unknown>, classes: number | undefined): number {
  const found = classes ?? layerWidths(model)?.lastLinear;
  if (found !== undefined) return found;
  throw new TapgradError({
    code: 'LOCAL_CLASSES',
    message: 'the model has no linear layer whose outputs would be the classes',
    fix: 'give the option `classes`',
  });
}

/** @throws TapgradError LOCAL_IMAGE */
export function imageChannelsOf({ model }: PluginContext<unknown>, channels: number | undefined): number {
  const widths = layerWidths(model);
  if (channels !== undefined) return channels;
  if (widths?.images) return widths.input;
  throw notAnImage('the model takes no images, and there is nothing to draw');
}

/** The image that the decoders draw. @throws TapgradError LOCAL_IMAGE */
export function imageOf(
  batch: Batch,
  inputs: readonly unknown[],
  { image, imageChannels }: Pick<CheckedAuxiliaryOptions, 'image' | 'imageChannels'>,
): Tensor {
  const found = image ? image(batch) : inputs[0];
  if (!(found instanceof Tensor))
    throw notAnImage(`${image ? '`image` gave' : 'the model’s first input is'} no tensor`);
  const fits = found.rank === 4 && found.dtype === 'float32' && (imageChannels ?? found.shape[3]) === found.shape[3];
  if (fits) return found;
  throw notAnImage(
    `a tensor of shape [${found.shape}] and dtype ${found.dtype} is no image of ${imageChannels} channels`,
  );
}

/** Looks at the first batch that trains: a loss against values out of [0, 1] would be no cross-entropy. */
export function checkImageRange(
  { hooks }: PluginContext<unknown>,
  options: Pick<CheckedAuxiliaryOptions, 'image' | 'imageChannels'>,
): void {
  let checked = false;
  hooks.batch.tap(async (batch, { mode }) => {
    if (checked || mode !== 'train') return;
    const { inputs } = batch;
    const extremes = tidy(() => {
      const image = imageOf(batch, inputs instanceof Tensor ? [inputs] : inputs, options);
      return stack([min(image), max(image)]);
    });
    const [least = 0, most = 1] = await extremes.data();
    extremes.dispose();
    if (least < 0 || most > 1) throw notAnImage(`its values reach from ${least} to ${most}`);
    checked = true;
  });
}

function notAnImage(why: string): TapgradError {
  return new TapgradError({
    code: 'LOCAL_IMAGE',
    message: `the decoders need an image in [0, 1]: ${why}`,
    fix: 'give the option `image`: a function of the batch to [batch, height, width, channels], before normalisation; or `reconstruction: 0`',
  });
}
