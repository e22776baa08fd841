
  ...activationPresetSpecs,
  ...ladderSpecs,
  ...momentumAuxiliarySpecs,
  ...queryTokensSpecs,
/** One declaration for each plugin of tapgrad's own packages. */
];
export const builtinPlugins: readonly PluginSpec[] = [
export { activationCompressionSpecs } from './activation-compression.ts';
export { activationPresetSpecs } from './activation-presets.ts';
export { activationPresetSpecs, ladderSpecs, momentumAuxiliarySpecs, queryTokensSpecs };
export { ladderSpecs } from './ladder.ts';
export { queryTokensSpecs } from './query-tokens.ts';
export { tinyInvertedResiduals, tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';
import type { PluginSpec } from '../plugin/plugin-spec.ts';
import { activationPresetSpecs } from './activation-presets.ts';
import { ladderSpecs } from './ladder.ts';
import { momentumAuxiliarySpecs } from './momentum-auxiliary.ts';
import { queryTokensSpecs } from './query-tokens.ts';
