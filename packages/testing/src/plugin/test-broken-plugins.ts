import { faults, leaks, repetition } from './test-broken-lives.ts';
import type { BrokenPlugin } from './test-broken-plugin.ts';
import { absence, gradients, lossy } from './test-broken-values.ts';

export const brokenPlugins: readonly BrokenPlugin[] = [
  ...gradients,
  ...lossy,
  ...absence,
  ...leaks,
  ...repetition,
  ...faults,
];
