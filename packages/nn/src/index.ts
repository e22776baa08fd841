export * from './safetensors/index.ts';
