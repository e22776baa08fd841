/**
 * Plugins that leave nothing of the model to train by parts (the backbone of a ladder or of query tokens is frozen, and
 * their output replaces the model's), or that put tokens into blocks, which the copies of a block would not see.
 */
export const incompatible: readonly string[] = [
  'ladder',
  'sherl',
  'unipt',
  'r2',
  'query-tokens',
  'prompt-tokens',
  'prefix-tokens',
];
