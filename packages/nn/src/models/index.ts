export * from './sentence-encoder/index.ts';
