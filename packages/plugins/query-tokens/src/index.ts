export { promptTokens } from './prompt/index.ts';
export type { PromptTokensOptions } from './prompt/options.ts';
export { queryTokens } from './vqt/index.ts';
export type { QueryTokensOptions } from './vqt/options.ts';
export type { QueryableBlock } from './vqt/queryable-block.ts';
export { selectQueryFeatures } from './vqt/select-features.ts';
