export * from './safetensors/index.ts';
export * from './tokenizer/index.ts';
export * from './weights/index.ts';
