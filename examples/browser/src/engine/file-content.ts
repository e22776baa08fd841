import { TapgradError } from '@tapgrad/core';
import type { CheckpointInfo } from '@tapgrad/train';

/** What a file says of the ladder in it. @throws TapgradError `CHECKPOINT_PARTS` for one that this page did not write */
export function contentOf({ plugins, extra, seed, step }: CheckpointInfo): {
  readonly labels: readonly string[];
  readonly seed: number;
  readonly steps: number;
} {
  const labels: unknown = extra && typeof extra === 'object' && 'labels' in extra ? extra.labels : undefined;
  const known = Array.isArray(labels) && labels.length > 1 && labels.every((label) => typeof label === 'string');
  if (!known || plugins.join() !== 'ladder') {
    throw new TapgradError({
      code: 'CHECKPOINT_PARTS',
      message: 'the file holds no classifier of this page',
      fix: 'open a .safetensors file that was downloaded here',
    });
  }
  return { labels, seed, steps: step };
}
