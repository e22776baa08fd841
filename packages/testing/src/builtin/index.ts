import type { PluginSpec } from '../plugin/plugin-spec.ts';
import { activationCompressionSpecs } from './activation-compression.ts';
import { activationPresetSpecs } from './activation-presets.ts';
import { continualFpfSpecs } from './continual-fpf.ts';
import { continualHeadSpecs } from './continual-heads.ts';
import { continualRegulariserSpecs } from './continual-regularisers.ts';
import { continualReplaySpecs } from './continual-replay.ts';
import { continualZsclSpecs } from './continual-zscl.ts';
import { ladderSpecs } from './ladder.ts';
import { momentumAuxiliarySpecs } from './momentum-auxiliary.ts';
import { offloadSpecs } from './offload.ts';
import { queryTokensSpecs } from './query-tokens.ts';

export { tinyDualEncoder, tinyImages, tinyTexts } from './dual-encoder.ts';
export { tinyInvertedResiduals, tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';
export { tinyTwoTowers } from './two-towers.ts';
export {
  activationCompressionSpecs,
  activationPresetSpecs,
  continualFpfSpecs,
  continualHeadSpecs,
  continualRegulariserSpecs,
  continualReplaySpecs,
  continualZsclSpecs,
  ladderSpecs,
  momentumAuxiliarySpecs,
  offloadSpecs,
  queryTokensSpecs,
};

/** One declaration for each plugin of tapgrad's own packages. */
export const builtinPlugins: readonly PluginSpec[] = [
  ...ladderSpecs,
  ...queryTokensSpecs,
  ...momentumAuxiliarySpecs,
  ...activationCompressionSpecs,
  ...activationPresetSpecs,
  ...offloadSpecs,
  ...continualReplaySpecs,
  ...continualRegulariserSpecs,
  ...continualZsclSpecs,
  ...continualHeadSpecs,
  ...continualFpfSpecs,
];
