import { definePlugin, pathMatcher, type SlotStage } from '@tapgrad/core';
import { cast, max, min, mul, notEqual, reshape, type Tensor, tidy, where } from '@tensorflow/tfjs-core';
import { packBits, unpackBits } from '../kernels/pack-bits.ts';
import { type BitMasksOptions, bitMasksOptions } from './options.ts';

/** Masks in one bit an element, losslessly: saved truth values, and masks of dropout that are saved as floats. */
export const bitMasks = definePlugin<BitMasksOptions, { where: string; twoValued?: string | undefined }>({
  name: 'bit-masks',
  version: '0.0.0',
  before: ['groupwise-codes?', 'sparse-activations?'],
  transforms: ['slot:saved'],
  options: bitMasksOptions,
  apply({ hooks, options }) {
    const isMask = options.twoValued === undefined ? () => false : pathMatcher(options.twoValued);
    hooks.save.for({ at: options.where }, (slot, { shape, dtype, kernel, operand, modulePath }) => {
      if (slot.stages.length > 0) return slot;
      if (dtype === 'bool') return slot.through(truthStage(shape));
      const masks = dtype === 'float32' && kernel === 'Multiply' && operand === 'b' && isMask(modulePath);
      return masks ? slot.through(twoValuedStage(shape)) : slot;
    });
  },
});

function truthStage(shape: readonly number[]): SlotStage<Tensor> {
  const size = sizeOf(shape);
  return {
    pack: (value) => packBits(value, 1),
    unpack: (words) => tidy(() => reshape(cast(unpackBits(words, 1, size), 'bool'), [...shape])),
  };
}

interface Mask {
  readonly words: Tensor;
  /** What the kept elements are; 0 if there are none. */
  readonly factor: Tensor;
}

function twoValuedStage(shape: readonly number[]): SlotStage<Mask> {
  const size = sizeOf(shape);
  return {
    pack: (value) =>
      tidy(() => {
        const [low, high] = [min(value), max(value)];
        return { words: packBits(notEqual(value, 0), 1), factor: where(notEqual(high, 0), high, low) };
      }),
    unpack: ({ words, factor }) =>
      tidy(() => reshape(mul(cast(unpackBits(words, 1, size), 'float32'), factor), [...shape])),
  };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
