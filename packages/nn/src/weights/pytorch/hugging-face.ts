import { type Module, TapgradError } from '@tapgrad/core';
import { SafetensorsFile } from '@tapgrad/safetensors';
import { add, slice, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { withoutInitialValues } from '../../initializers/build.ts';
import type { ActivationName } from '../../layers/activations.ts';
import { Linear } from '../../layers/linear.ts';
import type { RandomOption } from '../../layers/options.ts';
import { TextEncoder } from '../../models/text-encoder.ts';
import { VisionTransformer } from '../../models/vision-transformer.ts';
import { type FileSource, readJson } from '../source.ts';
import { assignPyTorchWeights, type PyTorchName } from './assign.ts';
import { bertNames, vitNames } from './names.ts';

export interface HuggingFaceOptions extends RandomOption {
  /** Adds a new classifier `head` of this many classes. Default: the file's own classifier, if it has one. */
  readonly classes?: number;
}

/**
 * A BERT encoder from a Hugging Face folder: `config.json` and `model.safetensors`, in evaluation mode. Inputs are token
 * ids padded with the model's padding id, of one segment: the vector of segment 0 is added to the positions.
 * @throws TapgradError `CONFIG_INVALID`, `WEIGHT_MISSING`, `STATE_MISMATCH`, and what source and safetensors throw
 */
export async function loadBert(source: FileSource, options: HuggingFaceOptions = {}): Promise<TextEncoder> {
  const { config, file } = await folder(source);
  const prefix = file.entries.has('bert.embeddings.word_embeddings.weight') ? 'bert.' : '';
  const pooler = file.entries.has(`${prefix}pooler.dense.weight`);
  const model = withoutInitialValues(
    () =>
      new TextEncoder({
        ...transformerOptions(config),
        vocabularySize: config.number('vocab_size'),
        maxTokens: config.number('max_position_embeddings'),
        paddingId: config.number('pad_token_id', 0),
        dropout: config.number('hidden_dropout_prob', 0),
        attentionDropout: config.number('attention_probs_dropout_prob', 0),
        norm: 'post',
        pooling: pooler ? 'first-tanh' : 'first',
      }),
  );
  finish(model, file, { ...options, width: config.number('hidden_size'), names: prefixed(prefix, bertNames) });
  tidy(() => {
    const segments = file.tensor(`${prefix}embeddings.token_type_embeddings.weight`);
    const positions = model.positions;
    positions?.assign(add(positions.variable as Tensor, slice(segments, 0, 1)));
  });
  return model;
}

/**
 * A vision transformer from a Hugging Face folder (`ViTModel`, `ViTForImageClassification`): `config.json` and
 * `model.safetensors`, in evaluation mode.
 * @throws as `loadBert`
 */
export async function loadViT(source: FileSource, options: HuggingFaceOptions = {}): Promise<VisionTransformer> {
  const { config, file } = await folder(source);
  const prefix = file.entries.has('vit.embeddings.cls_token') ? 'vit.' : '';
  const model = withoutInitialValues(
    () =>
      new VisionTransformer({
        ...transformerOptions(config),
        imageSize: config.number('image_size', 224),
        patchSize: config.number('patch_size', 16),
        channels: config.number('num_channels', 3),
        dropout: config.number('hidden_dropout_prob', 0),
        attentionDropout: config.number('attention_probs_dropout_prob', 0),
      }),
  );
  finish(model, file, { ...options, width: config.number('hidden_size'), names: prefixed(prefix, vitNames) });
  return model;
}

interface Finish extends HuggingFaceOptions {
  readonly width: number;
  readonly names: PyTorchName;
}

/** Gives the model its head and weights; if they do not fit, nothing of it remains. */
function finish(
  model: Module<never, Tensor> & { head: Linear | undefined },
  file: SafetensorsFile,
  { classes, random, width, names }: Finish,
): void {
  const stored = file.entries.get('classifier.weight')?.shape[0];
  const count = classes ?? stored;
  try {
    if (count !== undefined) model.head = new Linear(width, count, { random });
    const optional = (name: string) => classes !== undefined && name.startsWith('head.');
    assignPyTorchWeights(model, file, { names: (name) => (optional(name) ? '' : names(name)), optional });
  } catch (error) {
    model.dispose();
    throw error;
  }
  model.eval();
}

function prefixed(prefix: string, names: PyTorchName): PyTorchName {
  return (name) => (name.startsWith('head.') ? names(name) : `${prefix}${names(name)}`);
}

interface Config {
  number(key: string, standard?: number): number;
  text(key: string): string;
}

async function folder(source: FileSource): Promise<{ config: Config; file: SafetensorsFile }> {
  const config = (await readJson(source, 'config.json')) as Readonly<Record<string, unknown>>;
  const number = (key: string, standard?: number): number => {
    const value = config[key] ?? standard;
    if (typeof value === 'number') return value;
    throw new TapgradError({ code: 'CONFIG_INVALID', message: `config.json has no number ${key}` });
  };
  const text = (key: string) => String(config[key]);
  return { config: { number, text }, file: new SafetensorsFile(await source.read('model.safetensors')) };
}

const activations: Readonly<Record<string, ActivationName>> = {
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
};

function transformerOptions(config: Config) {
  const activation = activations[config.text('hidden_act')];
  if (!activation) {
    const fix = `known are ${Object.keys(activations).join(', ')}`;
    throw new TapgradError({
      code: 'CONFIG_INVALID',
      message: `config.json has hidden_act ${config.text('hidden_act')}`,
      fix,
    });
  }
  return {
    width: config.number('hidden_size'),
    heads: config.number('num_attention_heads'),
    layers: config.number('num_hidden_layers'),
    hidden: config.number('intermediate_size'),
    epsilon: config.number('layer_norm_eps'),
    activation,
    projections: 'separate',
  } as const;
}
