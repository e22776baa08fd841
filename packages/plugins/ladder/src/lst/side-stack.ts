import { detach, Module, Parameter, type RandomStream, TapgradError } from '@tapgrad/core';
import type { BlockStack } from '@tapgrad/nn';
import { Dropout, initializers, Linear } from '@tapgrad/nn';
import { scalar, type Tensor } from '@tensorflow/tfjs-core';
import { fuse } from './math.ts';
import type { Narrowable, SideBlock } from './side-block.ts';

export interface SideStackOptions {
  readonly reduction: number;
  readonly temperature: number;
  readonly fuse: 'before' | 'after';
  readonly dropout: number;
  readonly random: RandomStream;
  keeps(layer: number): boolean;
}

interface SidePlan {
  readonly beside: Narrowable;
  readonly block: SideBlock;
  readonly kept: boolean;
}

/** Projections start as N(0, 0.01²) with biases of 0. */
export function projection(from: number, to: number, random: RandomStream): Linear {
  return new Linear(from, to, { random, initializer: initializers.normal(0.01) });
}

/** Beside one block: brings the block's output down to the side's width, mixes it with the side state, and goes on. */
class Rung extends Module<[side: Tensor, backbone: Tensor, alpha: Tensor, ...rest: unknown[]]> {
  readonly down: Linear;

  constructor(
    width: number,
    sideWidth: number,
    readonly block: SideBlock,
    private readonly options: SideStackOptions,
  ) {
    super();
    this.down = projection(width, sideWidth, options.random);
  }

  override forward(side: Tensor, backbone: Tensor, alpha: Tensor, ...rest: unknown[]): Tensor {
    const { temperature, fuse: when } = this.options;
    const state = when === 'after' ? this.block.call(side, ...rest) : side;
    const mixed = fuse(state, this.down.call(detach(backbone)), alpha, temperature);
    return when === 'after' ? mixed : this.block.call(mixed, ...rest);
  }
}

/** The way in: dropout of the backbone's embeddings, and their projection. */
class Entrance extends Module<[embedded: Tensor]> {
  readonly down: Linear;
  readonly dropout: Dropout;

  constructor(width: number, sideWidth: number, { dropout, random }: SideStackOptions) {
    super();
    this.down = projection(width, sideWidth, random);
    this.dropout = new Dropout(dropout);
  }

  override forward(embedded: Tensor): Tensor {
    return this.down.call(this.dropout.call(detach(embedded)));
  }
}

/** The way out: the norm that the backbone's kind of block needs at the end, and dropout. */
class Exit extends Module<[side: Tensor]> {
  readonly dropout: Dropout;

  constructor(
    readonly norm: Module | undefined,
    { dropout }: SideStackOptions,
  ) {
    super();
    this.dropout = new Dropout(dropout);
  }

  override forward(side: Tensor): Tensor {
    return this.dropout.call(this.norm ? this.norm.call(side) : side);
  }
}

/** The side network of one stack of blocks: `[batch, tokens, width]` of each block to `[batch, tokens, sideWidth]`. */
export class SideStack extends Module<[side: Tensor]> {
  readonly entrance: Entrance;
  /** One gate a backbone block, as published; those of dropped blocks stand idle. */
  readonly gates: readonly Parameter[];
  readonly rungs: readonly Rung[];
  readonly exit: Exit;
  readonly sideWidth: number;
  /** Widths of what enters the first block and leaves the last. */
  readonly inputWidth: number;
  readonly width: number;
  /** Side block of every backbone block, those of dropped blocks included: their shapes lead the pruning. */
  readonly plans: ReadonlyMap<number, SidePlan>;
  private readonly rungOf: ReadonlyMap<number, Rung>;

  /**
   * @param beside how to build beside each block of the stack, in their order
   * @throws TapgradError LADDER_WIDTH
   */
  constructor(
    readonly stack: BlockStack,
    beside: readonly Narrowable[],
    options: SideStackOptions,
  ) {
    super();
    const { reduction, random } = options;
    const [first, last] = [beside[0] as Narrowable, beside.at(-1) as Narrowable];
    const odd = beside.findIndex(({ width }) => width !== last.width);
    if (odd >= 0) throw widthsDiffer(stack, odd, (beside[odd] as Narrowable).width, last.width);
    this.inputWidth = first.inputWidth;
    this.width = last.width;
    this.sideWidth = last.width / reduction;
    const plans = new Map<number, SidePlan>();
    let previous: SideBlock | undefined;
    for (const [layer, block] of beside.entries()) {
      const kept = options.keeps(layer);
      const side = block.narrowed(reduction, { random, previous });
      if (kept) previous = side;
      plans.set(layer, { beside: block, block: side, kept });
    }
    this.plans = plans;
    this.entrance = new Entrance(first.inputWidth, this.sideWidth, options);
    this.gates = beside.map(() => new Parameter({ shape: [], make: () => scalar(0) }));
    const rungs = [...plans].flatMap(
      ([
        layer,
        {
          beside: { width },
          block,
          kept,
        },
      ]) => (kept ? [[layer, new Rung(width, this.sideWidth, block, options)] as const] : []),
    );
    this.rungs = rungs.map(([, rung]) => rung);
    this.rungOf = new Map(rungs);
    this.exit = new Exit(last.finalNorm(this.sideWidth), options);
  }

  /** What the side state becomes beside block `layer`; unchanged where that is dropped. */
  step(layer: number, side: Tensor, backbone: Tensor, rest: readonly unknown[]): Tensor {
    const rung = this.rungOf.get(layer);
    return rung ? rung.call(side, backbone, (this.gates[layer] as Parameter).read(), ...rest) : side;
  }

  override forward(side: Tensor): Tensor {
    return this.exit.call(side);
  }
}

function widthsDiffer({ blocks }: BlockStack, odd: number, width: number, last: number): TapgradError {
  return new TapgradError({
    code: 'LADDER_WIDTH',
    message: `block ${blocks[odd]?.path} is ${width} wide, the last of its stack ${last}`,
    fix: 'let `blocks` name blocks of one width; those of another may be left to run before them',
  });
}
