import { checkedOptions, type Plugin } from '@tapgrad/core';
import { type MobileTlOptions, mobileTlPresetOptions } from './options.ts';
import { signMasks } from './sign-masks.ts';
import { topBlocks } from './top-blocks.ts';

/**
 * MobileTL (Chiang et al. 2023, arXiv:2212.03246) as a preset: `top-blocks` and `sign-masks`, ready for `attach`.
 * For networks of inverted residuals, `[batch, height, width, channels]`, MobileNetV2 above all.
 * @throws TapgradError PLUGIN_OPTIONS; at attach: NO_BLOCKS, MOBILE_TL_BLOCKS, MOBILE_TL_BLOCK, MOBILE_TL_HEAD
 */
export function mobileTl(options: MobileTlOptions = {}): readonly Plugin[] {
  const { mask, ...blocks } = checkedOptions('mobile-tl', mobileTlPresetOptions, options);
  const masks = mask === 'off' ? [] : [signMasks({ form: mask })];
  return [topBlocks(blocks), ...masks];
}
