export { type Block, type BlockModule, type BlockStack, findStacks } from './block-stacks.ts';
export { cloneModule } from './clone-module.ts';
export { type InsertedTokens, insertTokens, promptBound } from './insert-tokens.ts';
export { type LayerWidths, layerWidths } from './layer-widths.ts';
