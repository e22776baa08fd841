import { detach, type Module, TapgradError } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { TapPlan } from './tap-plan.ts';
import { realTokens, type TokenMask } from './token-mask.ts';
import type { BlockArguments, TrunkWalker } from './trunk.ts';

/** What was gathered in one forward. */
export interface Gathered {
  readonly states: (Tensor | undefined)[];
  readonly inputs: BlockArguments;
  mask: TokenMask;
}

/** Gathers the frozen states that a plan names as they pass, and lets `take` say what is kept of each. */
export abstract class Gatherer<G extends Gathered = Gathered> implements TrunkWalker<G> {
  constructor(
    protected readonly plan: TapPlan,
    private readonly modules: readonly Module<never, unknown>[],
    private readonly mask: ((...inputs: unknown[]) => Tensor) | undefined,
  ) {}

  begin(inputs: BlockArguments, training: boolean): G {
    // `model.eval()` reaches the model's own modules only; the plugin's go with them.
    for (const module of this.modules) if (module.training !== training) module.train(training);
    return { states: [], inputs, mask: undefined } as Gathered as G;
  }

  enter(gathered: G, stack: number, layer: number, value: Tensor, [blockMask]: BlockArguments): Tensor | undefined {
    if (layer > 0) return undefined;
    this.gather(gathered, stack, -1, value);
    if (stack !== this.plan.last.stack) return undefined;
    if (this.mask) gathered.mask = this.mask(...gathered.inputs);
    else if (this.plan.values === 'tokens') gathered.mask = realTokens(blockMask, value.shape[0] as number);
    return undefined;
  }

  pass(gathered: G, stack: number, layer: number, value: Tensor): Tensor | undefined {
    this.gather(gathered, stack, layer, value);
    return undefined;
  }

  abstract end(gathered: G, output: unknown): unknown;

  /** What is kept of the state of tap `index`; of it no gradient goes back. */
  protected abstract take(state: Tensor, index: number): Tensor;

  private gather({ states }: G, stack: number, layer: number, value: Tensor): void {
    const index = this.plan.taps.findIndex((tap) => tap.stack === stack && tap.layer === layer);
    if (index < 0) return;
    const { width } = this.plan.taps[index] as TapPlan['taps'][number];
    if (value.shape.at(-1) !== width) throw widthError(value, width);
    const state = detach(value);
    const taken = this.take(state, index);
    states[index] = taken;
    if (taken !== state) state.dispose();
  }

  /** @throws TapgradError LADDER_BLOCK_SKIPPED */
  protected all({ states }: G, of: (stack: number) => boolean = () => true): Tensor[] {
    const taps = [...this.plan.taps.entries()].filter(([, { stack }]) => of(stack));
    const [, missing] = taps.find(([index]) => !states[index]) ?? [];
    if (!missing) return taps.map(([index]) => states[index] as Tensor);
    throw new TapgradError({
      code: 'LADDER_BLOCK_SKIPPED',
      message: `the model's forward did not pass block ${Math.max(0, missing.layer)} of list ${missing.stack}`,
      fix: 'let `blocks` name blocks that every forward runs with `call`, in their order',
    });
  }
}

function widthError({ shape }: Tensor, width: number): TapgradError {
  return new TapgradError({
    code: 'LADDER_BLOCK_VALUE',
    message: `a block gives [${shape}], which is not ${width} wide`,
    fix: 'give the option `widths`: the width of each state that is read',
  });
}
