/**
 * Plugins that train the backbone, or something inside it: here the backbone is frozen and runs without a tape, so that
 * nothing of theirs would train. Their own declarations name what else they do not go with.
 */
export const trainsTheBackbone: readonly string[] = [
  'full-finetune',
  'bias-tuning',
  'deep-prompts',
  'side-path',
  'mobile-tl',
];
