export { SentencePieceTokenizer, type VocabularyPiece } from './sentence-piece.ts';
