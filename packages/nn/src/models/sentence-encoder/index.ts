export { type LoadSentenceEncoderOptions, loadSentenceEncoder } from './load.ts';
export { padTokens } from './pad-tokens.ts';
export { SentenceEncoder, type SentenceEncoderOptions } from './sentence-encoder.ts';
