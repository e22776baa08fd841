export { T5Attention, type T5AttentionOptions } from './attention.ts';
export { T5Block, type T5BlockOptions } from './block.ts';
export { RelativeBias } from './relative-bias.ts';
export { T5, type T5Options, t5Presets } from './t5.ts';
