import { detach, TapgradError } from '@tapgrad/core';
import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import { needed, realTokens, type TokenMask } from '../base/token-mask.ts';
import type { BlockArguments, TrunkWalker } from '../base/trunk.ts';
import type { QueryPool, R2Block } from './block.ts';
import { isTowerFeatures, type TowerFeatures } from './features.ts';
import type { MomentHeads } from './heads.ts';
import type { CheckedR2Options } from './options.ts';
import type { R2Output } from './terms.ts';

type Masks = Pick<CheckedR2Options, 'words' | 'clips'>;

interface Collected {
  readonly inputs: BlockArguments;
  readonly cached: TowerFeatures | undefined;
  readonly video: Tensor[];
  readonly query: Tensor[];
  words: TokenMask;
}

/** Stacks of both towers, in this order. */
const [videoStack, queryStack] = [0, 1];

/** Collects what the last K blocks of both towers give, or takes it from the model's input, and gives it to `use`. */
export class TowerWalker implements TrunkWalker<Collected> {
  constructor(
    private readonly depths: readonly [video: number, query: number],
    private readonly layers: number,
    private readonly masks: Masks,
    private readonly use: (features: TowerFeatures) => unknown,
    private readonly onBegin: (training: boolean) => void = () => undefined,
  ) {}

  begin(inputs: BlockArguments, training: boolean): Collected {
    this.onBegin(training);
    const cached = isTowerFeatures(inputs[0]) ? inputs[0] : undefined;
    return { inputs, cached, video: [], query: [], words: undefined };
  }

  enter(collected: Collected, stack: number, layer: number, value: Tensor, [mask]: BlockArguments): undefined {
    if (stack === queryStack && layer === 0) collected.words = realTokens(mask, value.shape[0] as number);
  }

  pass({ video, query }: Collected, stack: number, layer: number, value: Tensor): undefined {
    const first = (this.depths[stack] as number) - this.layers;
    if (layer >= first) (stack === videoStack ? video : query)[layer - first] = detach(value);
  }

  end(collected: Collected, output: unknown): unknown {
    return this.use(collected.cached ? this.checked(collected.cached) : this.live(collected)) ?? output;
  }

  private live({ video, query, inputs, words }: Collected): TowerFeatures {
    const { masks, layers } = this;
    if (video.length !== layers || query.length !== layers) throw featuresError(video.length, query.length, layers);
    const [batch] = (query[0] as Tensor).shape as [number];
    const clips = video.map((each) => {
      const [frames, patches, width] = each.shape as [number, number, number];
      if (frames % batch !== 0) throw clipsError(frames, batch);
      return reshape(each, [batch, frames / batch, patches, width]);
    });
    return {
      video: clips,
      query,
      words: masks.words ? masks.words(...inputs) : needed(words),
      clips: masks.clips?.(...inputs),
    };
  }

  private checked(features: TowerFeatures): TowerFeatures {
    const { layers } = this;
    if (features.video.length === layers && features.query.length === layers) return features;
    throw featuresError(features.video.length, features.query.length, layers);
  }
}

export interface R2Modules {
  readonly block: R2Block;
  readonly pool: QueryPool;
  readonly heads: MomentHeads;
}

/** What R2 makes of the features. */
export function r2Output({ block, pool, heads }: R2Modules, features: TowerFeatures): R2Output {
  const { state, cls, words } = block.call(features);
  const query = words.map((each) => pool.call(each, features.words));
  return { ...heads.call(state), state, query: query[0] as Tensor, layers: { cls, query }, clips: features.clips };
}

function featuresError(video: number, query: number, layers: number): TapgradError {
  return new TapgradError({
    code: 'R2_FEATURES',
    message: `${video} layers of video and ${query} of query features were seen, ${layers} of each are needed`,
    fix: 'run both towers with `call`, every block once, or give cached features of `layers` layers',
  });
}

function clipsError(frames: number, batch: number): TapgradError {
  return new TapgradError({
    code: 'R2_FEATURES',
    message: `the video tower saw ${frames} clips, which ${batch} queries do not divide`,
    fix: 'give every query the same number of clips, folded into the first axis of the video tower’s input',
  });
}
