export { derivativeCodes } from './derivative-codes/index.ts';
export type { DerivativeCodesOptions } from './derivative-codes/options.ts';
export { mobileTl } from './mobile-tl/index.ts';
export type { MobileTlOptions, SignMasksOptions } from './mobile-tl/options.ts';
export { signMasks } from './mobile-tl/sign-masks.ts';
export { biasTuning } from './s2a/bias-tuning.ts';
export { deepPrompts } from './s2a/deep-prompts.ts';
export type { BiasTuningOptions, DeepPromptsOptions, SidePathOptions } from './s2a/options.ts';
export { sidePath } from './s2a/side-path.ts';
