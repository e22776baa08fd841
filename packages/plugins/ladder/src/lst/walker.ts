import { TapgradError } from '@tapgrad/core';
import { type DataId, Tensor } from '@tensorflow/tfjs-core';
import { type Classifier, takesOneVector } from '../base/head.ts';
import { needed, realTokens, type TokenMask } from '../base/token-mask.ts';
import type { BlockArguments, TrunkWalker } from '../base/trunk.ts';
import type { CheckedLadderOptions } from './options.ts';
import type { SideStack } from './side-stack.ts';
import { Upsample } from './upsample.ts';

/** Where the side network is in one forward. */
interface Climb {
  /** Side state by stack, after the last rung that was passed. */
  readonly states: Map<number, Tensor>;
  /** Side features of stacks that were left, by the buffer of what the backbone's stack gave. */
  readonly memories: Map<DataId, Tensor>;
  readonly inputs: BlockArguments;
  mask: TokenMask;
}

/** Runs the side network beside the backbone, rung by rung, as the backbone's blocks pass. */
export class SideWalker implements TrunkWalker<Climb> {
  constructor(
    private readonly options: Pick<CheckedLadderOptions, 'mask' | 'at'>,
    private readonly side: readonly SideStack[],
    private readonly head: Classifier | Upsample,
    private readonly resting: () => boolean,
  ) {}

  begin(inputs: BlockArguments, training: boolean): Climb | undefined {
    // `model.eval()` reaches the model's own modules only; the side network goes with them.
    for (const module of [...this.side, this.head]) if (module.training !== training) module.train(training);
    return this.resting() ? undefined : { states: new Map(), memories: new Map(), inputs, mask: undefined };
  }

  enter(climb: Climb, stack: number, layer: number, embedded: Tensor, [blockMask]: BlockArguments): void {
    if (layer > 0) return;
    climb.states.set(stack, (this.side[stack] as SideStack).entrance.call(embedded));
    if (stack !== this.side.length - 1) return;
    const { mask } = this.options;
    climb.mask = mask ? mask(...climb.inputs) : realTokens(blockMask, embedded.shape[0] as number);
  }

  pass(climb: Climb, stack: number, layer: number, value: Tensor, rest: BlockArguments): void {
    const before = this.stateOf(climb, stack);
    const own = rest.map((each) => (each instanceof Tensor ? (climb.memories.get(each.dataId) ?? each) : each));
    const after = (this.side[stack] as SideStack).step(layer, before, value, own);
    climb.states.set(stack, after);
    if (after !== before) before.dispose();
  }

  /** Later stacks read this one's side features where the backbone's read its output (LST: cross-attention). */
  leave(climb: Climb, stack: number, value: unknown): void {
    if (stack === this.side.length - 1 || !(value instanceof Tensor)) return;
    climb.memories.set(value.dataId, (this.side[stack] as SideStack).call(this.stateOf(climb, stack)));
  }

  replace(climb: Climb, value: Tensor): Tensor {
    if (!(this.head instanceof Upsample)) return value;
    const pooled = takesOneVector(value, this.options.at);
    return this.head.call(this.features(climb), pooled ? needed(climb.mask) : undefined, pooled);
  }

  end(climb: Climb, output: unknown): unknown {
    return this.head instanceof Upsample ? output : this.head.call(this.features(climb), needed(climb.mask));
  }

  private features(climb: Climb): Tensor {
    const last = this.side.length - 1;
    return (this.side[last] as SideStack).call(this.stateOf(climb, last));
  }

  private stateOf(climb: Climb, stack: number): Tensor {
    const state = climb.states.get(stack);
    if (state) return state;
    const [first] = (this.side[stack] as SideStack).stack.blocks;
    throw new TapgradError({
      code: 'LADDER_BLOCK_SKIPPED',
      message: `the model's forward did not begin with block ${first?.path}`,
      fix: 'let `blocks` name blocks that every forward runs with `call`, in their order',
    });
  }
}
