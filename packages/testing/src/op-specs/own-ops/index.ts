import type { OpSpec } from '../../op-spec.ts';
import { activationSpecs } from './activation.ts';
import { attentionSpecs } from './attention.ts';
import { crossEntropySpecs } from './cross-entropy.ts';
import { dropoutSpecs } from './dropout.ts';
import { embeddingSpecs } from './embedding.ts';
import { linearSpecs } from './linear.ts';
import { normSpecs } from './norm.ts';

/** Rows of the ops that are one node of core's own each; a backend may run them as fused kernels. */
export const ownOpSpecs: readonly OpSpec[] = [
  ...linearSpecs,
  ...normSpecs,
  ...activationSpecs,
  ...crossEntropySpecs,
  ...attentionSpecs,
  ...embeddingSpecs,
  ...dropoutSpecs,
];
