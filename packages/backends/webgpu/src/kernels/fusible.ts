import type { FusibleActivation } from '@tapgrad/core';
import type { ActivationCode } from './activation.ts';
import { geluCode } from './gelu.ts';
import { hardSwish } from './hard-swish.ts';
import { silu } from './silu.ts';

/** The code of an activation that a kernel computes beside something else. */
export function codeOf({ kernel, approximate }: FusibleActivation): ActivationCode {
  if (kernel === 'tapgrad.Gelu') return geluCode(approximate ? { approximate } : {});
  return kernel === 'tapgrad.Silu' ? silu : hardSwish;
}
