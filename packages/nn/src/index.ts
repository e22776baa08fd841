export { BufferTensor, Module, Parameter } from '@tapgrad/core';
export * from '@tapgrad/safetensors';
export * as initializers from './initializers/index.ts';
export * from './layers/index.ts';
export * from './losses/index.ts';
export * from './metrics/index.ts';
export * from './models/index.ts';
export * from './tokenizer/index.ts';
export * from './weights/index.ts';
