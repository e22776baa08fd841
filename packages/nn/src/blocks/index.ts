export { type Block, type BlockModule, type BlockStack, findStacks } from './block-stacks.ts';
export { type InsertedTokens, insertTokens, promptBound } from './insert-tokens.ts';
