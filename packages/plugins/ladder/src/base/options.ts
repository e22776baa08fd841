import type { Tensor } from '@tensorflow/tfjs-core';
import * as v from 'valibot';

/** A whole number from `least` on. */
export const natural = (name: string, least: number) =>
  v.pipe(
    v.number(),
    v.integer(`${name} must be a whole number`),
    v.minValue(least, `${name} must be at least ${least}`),
  );
export const positive = v.pipe(v.number(), v.gtValue(0));
export const rate = v.pipe(v.number(), v.minValue(0), v.ltValue(1));
export const weight = v.pipe(v.number(), v.minValue(0));
export const layerList = v.array(natural('a layer', 0));

/** 1 for real tokens, 0 for padding, `[batch, tokens]`, out of the model's inputs. Default: from the blocks' masks. */
export const mask = v.optional(v.custom<(...inputs: unknown[]) => Tensor>((value) => typeof value === 'function'));
/** One vector a sample, where one is needed: the mean over real tokens, or the first token. */
export const pooling = v.optional(v.picklist(['mean', 'first']), 'mean');
export const newHead = v.strictObject({ classes: natural('classes', 1) });

/** Checkpoints list a plugin's options: data and functions do not belong there, and are hidden from listings. */
export function hidden<O extends object>(...names: readonly string[]): (options: O) => O {
  return (options) => {
    for (const name of names) {
      if (name in options) Object.defineProperty(options, name, { enumerable: false });
    }
    return options;
  };
}
