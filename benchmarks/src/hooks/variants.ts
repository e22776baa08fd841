export const variants = {
  bare: 'bare tape',
  none: 'stack, no plugin',
  five: 'stack, five observing plugins',
} as const;
export type Variant = keyof typeof variants;

/** The step benchmark's network, or one of as many ops whose kernels cost next to nothing. */
export type Size = 'full' | 'small';
export const small = { width: 12, tokens: 4, batch: 1 };
