/** Plugins beside whose frozen, unrecorded backbone nothing inside it would train. */
export const backboneUnrecorded: readonly string[] = ['ladder', 'sherl', 'unipt', 'r2'];

/** Plugins that train the backbone or something inside it. */
export const insideBackbone: readonly string[] = [
  'prompt-tokens',
  'prefix-tokens',
  'deep-prompts',
  'bias-tuning',
  'side-path',
  'mobile-tl',
];
