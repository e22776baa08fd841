import { TapgradError } from '@tapgrad/core';

/**
 * A piece of the vocabulary and its log probability; its token id is its place in the list.
 * The published vocabulary has no score (null) for seven pieces with a colon; the reference reads it as 0.
 */
export type VocabularyPiece = readonly [piece: string, score: number | null];

const wordStart = '\u2581';
const unknownId = 0;

interface TrieNode {
  readonly children: Map<number, TrieNode>;
  /** Token id of the piece that ends here, or -1. */
  id: number;
}

/**
 * SentencePiece's unigram tokenizer: the most probable segmentation by Viterbi (Kudo 2018, arXiv:1804.10959).
 * Gives the ids of the tokenizer in `@tensorflow-models/universal-sentence-encoder`, oddities included: characters
 * are UTF-16 code units, an unknown one scores 0, and a run of unknown ones is one token of id 0.
 */
export class SentencePieceTokenizer {
  readonly vocabularySize: number;
  private readonly root: TrieNode = { children: new Map(), id: -1 };
  private readonly scores: Float64Array;
  private readonly lengths: Int32Array;

  /**
   * @param reserved how many ids at the start of the vocabulary are control symbols, never matched in text
   * @throws TapgradError `VOCABULARY_INVALID` when an entry is not a pair of piece and score
   */
  constructor(vocabulary: readonly VocabularyPiece[], reserved = 6) {
    checkVocabulary(vocabulary);
    this.vocabularySize = vocabulary.length;
    this.scores = Float64Array.from(vocabulary, ([, score]) => score ?? 0);
    this.lengths = Int32Array.from(vocabulary, ([piece]) => piece.length);
    vocabulary.forEach(([piece], id) => {
      if (id >= reserved) this.insert(piece, id);
    });
  }

  /** Token ids of a text, normalised to NFKC. An empty text has none. */
  encode(text: string): number[] {
    const normalized = text.normalize('NFKC');
    if (normalized.length === 0) return [];
    return this.backtrack(this.bestPieces(wordStart + normalized.replaceAll(' ', wordStart)));
  }

  /** For each position of the text the id of the piece that ends there on the best path. */
  private bestPieces(text: string): Int32Array {
    const bestScore = new Float64Array(text.length + 1);
    const bestPiece = new Int32Array(text.length + 1);
    const reach = (end: number, id: number, score: number) => {
      // A score of 0 marks a position not reached yet, as in the reference.
      if (bestScore[end] !== 0 && score < (bestScore[end] as number)) return;
      bestScore[end] = score;
      bestPiece[end] = id;
    };
    for (let start = 0; start < text.length; start++) {
      const soFar = bestScore[start] as number;
      let matched = false;
      let node = this.root.children.get(text.charCodeAt(start));
      for (let end = start + 1; node; end++) {
        if (node.id >= 0) {
          matched = true;
          reach(end, node.id, soFar + (this.scores[node.id] as number));
        }
        node = end < text.length ? node.children.get(text.charCodeAt(end)) : undefined;
      }
      if (!matched) reach(start + 1, unknownId, soFar);
    }
    return bestPiece;
  }

  private backtrack(bestPiece: Int32Array): number[] {
    const ids: number[] = [];
    for (let end = bestPiece.length - 1; end > 0; ) {
      const id = bestPiece[end] as number;
      if (id !== unknownId || ids.at(-1) !== unknownId) ids.push(id);
      end -= this.lengths[id] as number;
    }
    return ids.reverse();
  }

  private insert(piece: string, id: number): void {
    let node = this.root;
    for (let i = 0; i < piece.length; i++) {
      const unit = piece.charCodeAt(i);
      let next = node.children.get(unit);
      if (!next) node.children.set(unit, (next = { children: new Map(), id: -1 }));
      node = next;
    }
    node.id = id;
  }
}

function checkVocabulary(vocabulary: readonly VocabularyPiece[]): void {
  const wrong = Array.isArray(vocabulary)
    ? vocabulary.findIndex(
        (entry: unknown) =>
          !Array.isArray(entry) ||
          typeof entry[0] !== 'string' ||
          entry[0] === '' ||
          (typeof entry[1] !== 'number' && entry[1] !== null),
      )
    : 0;
  if (wrong < 0 && vocabulary.length > 0) return;
  const message = `entry ${Math.max(wrong, 0)} of the vocabulary is not a pair of piece and score`;
  throw new TapgradError({
    code: 'VOCABULARY_INVALID',
    message,
    fix: 'give the parsed vocab.json: [[piece, score], …]',
  });
}
