export { activationPresetSpecs } from './activation-presets.ts';
export { ladderSpecs } from './ladder.ts';
export { tinyInvertedResiduals, tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';
export { queryTokensSpecs } from './query-tokens.ts';
