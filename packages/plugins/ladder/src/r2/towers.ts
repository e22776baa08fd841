import { attach, definePlugin, detach, type Module, type PluginContext, TapgradError } from '@tapgrad/core';
import { type BlockStack, findStacks } from '@tapgrad/nn';
import { dispose, keep, scalar, type Tensor } from '@tensorflow/tfjs-core';
import { followTrunk } from '../base/trunk.ts';
import type { TowerFeatures } from './features.ts';
import { type CheckedR2Options, type R2Options, r2Options } from './options.ts';
import { TowerWalker } from './walker.ts';

type TowerOptions = Pick<CheckedR2Options, 'video' | 'query' | 'layers' | 'words' | 'clips'>;

/**
 * The stacks of both towers.
 * @throws TapgradError NO_BLOCKS, R2_TOWER, R2_LAYERS
 */
export function towersOf(model: Module<never, unknown>, options: TowerOptions): readonly [BlockStack, BlockStack] {
  const tower = (pattern: string): BlockStack => {
    const [stack, ...more] = findStacks(model, pattern) as [BlockStack, ...BlockStack[]];
    if (more.length > 0) throw towerError(pattern, more.length + 1);
    if (stack.blocks.length < options.layers) throw layersError(pattern, stack.blocks.length, options.layers);
    return stack;
  };
  return [tower(options.video), tower(options.query)];
}

/** Lets `use` have the towers' features at the end of every forward. */
export function followTowers<O>(
  context: PluginContext<O>,
  stacks: readonly [BlockStack, BlockStack],
  options: TowerOptions,
  use: (features: TowerFeatures) => unknown,
  onBegin?: (training: boolean) => void,
): void {
  const depths = [stacks[0].blocks.length, stacks[1].blocks.length] as const;
  followTrunk(context, stacks, new TowerWalker(depths, options.layers, options, use, onBegin));
}

const reader = (found: (features: TowerFeatures) => void) =>
  definePlugin<R2Options, CheckedR2Options>({
    name: 'r2-reader',
    options: r2Options,
    apply(context) {
      followTowers(context, towersOf(context.model, context.options), context.options, (features) => {
        found(kept(features));
      });
    },
  });

/**
 * Runs both towers once, in evaluation mode, and gives the features that R2 would read, to be kept and given to the model
 * in place of its inputs. The model must not be attached. The caller disposes the tensors.
 * @throws TapgradError NO_BLOCKS, R2_TOWER, R2_LAYERS, R2_FEATURES, ALREADY_ATTACHED
 */
export function cacheTowers(model: Module<never, unknown>, options: R2Options, ...inputs: unknown[]): TowerFeatures {
  let found: TowerFeatures | undefined;
  const read = reader((features) => {
    found = features;
  });
  const stack = attach(model, [read(options)], { loss: () => scalar(0) });
  try {
    dispose(stack.predict(...inputs) as Tensor);
    return found as unknown as TowerFeatures;
  } finally {
    stack.detach();
  }
}

/** Handles that outlive the forward. */
function kept({ video, query, words, clips }: TowerFeatures): TowerFeatures {
  const own = (tensor: Tensor) => keep(detach(tensor));
  return { video: video.map(own), query: query.map(own), words: words && own(words), clips: clips && own(clips) };
}

function towerError(pattern: string, count: number): TapgradError {
  return new TapgradError({
    code: 'R2_TOWER',
    message: `${pattern} matches blocks of ${count} lists, and a tower is one`,
    fix: 'let `video` and `query` each name the blocks of one list',
  });
}

function layersError(pattern: string, blocks: number, layers: number): TapgradError {
  return new TapgradError({
    code: 'R2_LAYERS',
    message: `${pattern} matches ${blocks} blocks, and the last ${layers} are to be read`,
    fix: 'ask for fewer `layers`',
  });
}
