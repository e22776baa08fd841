export { type Block, type BlockModule, type BlockStack, findStacks } from './block-stacks.ts';
