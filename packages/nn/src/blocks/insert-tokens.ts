import { type PluginHooks, TapgradError } from '@tapgrad/core';
import { add, concat, slice, Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { isMaskOver, withTokensInFront } from '../layers/attention-mask.ts';
import type { Block, BlockStack } from './block-stacks.ts';

export interface InsertedTokens {
  readonly count: number;
  /** `deep`: before each block, taken off behind it. `shallow`: before the first block, taken off behind the last. */
  readonly mode: 'deep' | 'shallow';
  /** What goes before block `layer` of stack number `stack`: `[count, width]`, or `[batch, count, width]`. */
  tokens(stack: number, layer: number, at: { readonly batch: number; readonly training: boolean }): Tensor;
}

/**
 * Puts tokens in front of those of a model's blocks (visual prompt tuning, Jia et al. 2022, arXiv:2203.12119, eq. 4-8):
 * blocks take `[batch, tokens, width]`, and may take an attention mask as second argument, which is extended so that
 * all tokens see the inserted ones. In a causal block these see each other only as the order allows. What comes before
 * and behind the blocks, for example positions, class token and pooling, sees nothing of them.
 * @throws TapgradError in forward: TOKENS_BLOCK_VALUE, TOKENS_MASK
 */
export function insertTokens(
  hooks: Pick<PluginHooks, 'tap'>,
  stacks: readonly BlockStack[],
  { count, mode, tokens }: InsertedTokens,
): void {
  for (const [stack, { blocks }] of stacks.entries()) {
    for (const [layer, block] of blocks.entries()) {
      const inserts = mode === 'deep' || layer === 0;
      const removes = mode === 'deep' || layer === blocks.length - 1;
      hooks.tap(`${block.path}:input`).forward<unknown>((given, { training }) => {
        const [x, mask, ...rest] = (Array.isArray(given) ? given : [given]) as unknown[];
        const value = tokensOf(x, block, 'input');
        const [batch, length] = value.shape as [number, number];
        const own = inserts ? tokens(stack, layer, { batch, training }) : undefined;
        const longer = own ? inFront(own, value, block) : value;
        if (!Array.isArray(given)) return longer;
        return [longer, extended(mask, inserts ? length : length - count, count, block), ...rest];
      });
      if (removes) {
        hooks.tap(`${block.path}:output`).forward<unknown>((given) => {
          const value = tokensOf(given, block, 'output');
          const [batch, length, width] = value.shape as [number, number, number];
          return slice(value, [0, count, 0], [batch, length - count, width]);
        });
      }
    }
  }
}

/**
 * Bound of the uniform distribution that prompt and query tokens start from, √(6 / (3 p² + d)), with the side p of a
 * patch in pixels and the width d (Jia et al. 2022).
 */
export function promptBound(patchSize: number, width: number): number {
  return Math.sqrt(6 / (3 * patchSize ** 2 + width));
}

function inFront(tokens: Tensor, x: Tensor, block: Block): Tensor {
  const [batch, , width] = x.shape as [number, number, number];
  if (tokens.shape.at(-1) !== width) throw badValue(block, 'input', x, `tokens of width ${tokens.shape.at(-1)}`);
  return tidy(() => concat([tokens.rank === 3 ? tokens : add(zeros([batch, 1, 1]), tokens), x], 1));
}

function extended(mask: unknown, length: number, count: number, block: Block): unknown {
  if (mask === undefined || mask === null) return mask;
  if (isMaskOver(mask, length)) return withTokensInFront(mask, count);
  const found = mask instanceof Tensor ? `a tensor of shape [${mask.shape}]` : `a value of type ${typeof mask}`;
  throw new TapgradError({
    code: 'TOKENS_MASK',
    message: `the second argument of block ${block.path} is ${found}, not an attention mask over ${length} tokens`,
    modulePath: block.path,
    fix: 'give blocks a mask [batch or 1, heads or 1, tokens or 1, tokens] that is added to the scores',
  });
}

function tokensOf(value: unknown, block: Block, point: 'input' | 'output'): Tensor {
  if (value instanceof Tensor && value.rank === 3) return value;
  throw badValue(block, point, value, 'inserted tokens');
}

function badValue({ path }: Block, point: string, value: unknown, needed: string): TapgradError {
  const found = value instanceof Tensor ? `a tensor of shape [${value.shape}]` : `a value of type ${typeof value}`;
  return new TapgradError({
    code: 'TOKENS_BLOCK_VALUE',
    message: `the ${point} of block ${path} is ${found}, which does not go with ${needed}`,
    modulePath: path,
    fix: 'let the pattern name blocks that take and give [batch, tokens, width]',
  });
}
