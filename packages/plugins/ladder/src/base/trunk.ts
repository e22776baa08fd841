import { type PluginContext, type RememberedScope, rememberScope, TapgradError } from '@tapgrad/core';
import type { Block, BlockStack } from '@tapgrad/nn';
import { Tensor } from '@tensorflow/tfjs-core';

/** What a block was given beside its input, for example its attention mask. */
export type BlockArguments = readonly unknown[];

/** A method that walks beside a frozen backbone: told what passes, it computes by itself. */
export interface TrunkWalker<S> {
  /**
   * A forward of the model begins, in training mode or not. What is returned is its state; undefined lets this forward
   * pass unseen.
   */
  begin(inputs: BlockArguments, training: boolean): S | undefined;
  /** Input of a block: what is returned takes its place. */
  enter?(state: S, stack: number, layer: number, value: Tensor, rest: BlockArguments): Tensor | void;
  /** What a block is given beside its input: what is returned takes its place. */
  beside?(state: S, stack: number, layer: number, rest: BlockArguments): BlockArguments | undefined;
  /** Output of a block: what is returned takes its place. */
  pass(state: S, stack: number, layer: number, value: Tensor, rest: BlockArguments): Tensor | void;
  /** Output of the module that holds a stack, where that is not the model itself. */
  leave?(state: S, stack: number, value: unknown): void;
  /** Input of the module `replaceAt`: what is returned takes its place. */
  replace?(state: S, value: Tensor): Tensor;
  /** Output of the model: what is returned takes its place. */
  end(state: S, output: unknown): unknown;
}

/** What passes between the blocks: tokens `[batch, tokens, width]` or maps `[batch, height, width, channels]`. */
export type ValueKind = 'tokens' | 'maps';

/** A forward of the model that is going on. */
interface Forward<S> {
  readonly state: S;
  /** What is made in it lives until the forward has ended, well or not. */
  readonly scope: RememberedScope;
  rest: BlockArguments;
}

/**
 * Lets `walker` follow every forward of the model. Nothing of the backbone is kept for it: what it needs later, it
 * computes at once, and what it computes lives in the scope of the model's forward.
 */
export function followTrunk<S, O>(
  { hooks }: PluginContext<O>,
  stacks: readonly BlockStack[],
  walker: TrunkWalker<S>,
  { replaceAt, values = 'tokens' }: { readonly replaceAt?: string | undefined; readonly values?: ValueKind } = {},
): void {
  let latest: Forward<S> | undefined;
  // Of a forward that failed there is no end to see; a block that is called by itself afterwards is none of ours.
  const current = () => (latest?.scope.open ? latest : undefined);
  const within = <T>(f: (state: S, rest: BlockArguments) => T): T | undefined => {
    const forward = current();
    return forward?.scope.run(() => f(forward.state, forward.rest));
  };
  hooks.tap(':input').forward<unknown>((given, { training }) => {
    const state = walker.begin(asList(given), training);
    latest = state === undefined ? undefined : { state, scope: rememberScope(), rest: [] };
  });
  for (const [number, { holder, blocks }] of stacks.entries()) {
    for (const [layer, block] of blocks.entries()) {
      hooks.tap(`${block.path}:input`).forward<unknown>((given) => {
        const forward = current();
        if (!forward) return;
        const [value, ...rest] = asList(given);
        forward.rest = rest;
        if (!walker.enter) return;
        const entering = checked(value, values, block, 'input');
        const made = within((state) => walker.enter?.(state, number, layer, entering, rest));
        const others = within((state) => walker.beside?.(state, number, layer, rest));
        if (!made && !others) return undefined;
        return Array.isArray(given) ? [made ?? value, ...(others ?? rest)] : made;
      });
      hooks
        .tap(`${block.path}:output`)
        .forward<unknown>((value) =>
          within((state, rest) => walker.pass(state, number, layer, checked(value, values, block, 'output'), rest)),
        );
    }
    if (holder !== '') {
      hooks
        .tap(`${holder}:output`)
        .forward<unknown>((value) => within((state) => walker.leave?.(state, number, value)));
    }
  }
  if (replaceAt !== undefined) {
    hooks.tap(`${replaceAt}:input`).forward<unknown>((given) => {
      const [value, ...rest] = asList(given);
      const made = within((state) => walker.replace?.(state, value as Tensor));
      return made && Array.isArray(given) ? [made, ...rest] : made;
    });
  }
  hooks.tap(':output').forward<unknown>((output) => {
    const replaced = within((state) => walker.end(state, output));
    latest = undefined;
    return replaced;
  });
}

function asList(given: unknown): BlockArguments {
  return Array.isArray(given) ? given : [given];
}

function checked(value: unknown, values: ValueKind, block: Block, point: 'input' | 'output'): Tensor {
  const [rank, shape] = values === 'tokens' ? [3, '[batch, tokens, width]'] : [4, '[batch, height, width, channels]'];
  if (value instanceof Tensor && value.rank === rank) return value;
  const found = value instanceof Tensor ? `a tensor of shape [${value.shape}]` : `a value of type ${typeof value}`;
  throw new TapgradError({
    code: 'LADDER_BLOCK_VALUE',
    message: `the ${point} of block ${block.path} is ${found}; it must be ${shape}`,
    modulePath: block.path,
    fix: 'let `blocks` name blocks that take and give values of this shape',
  });
}
