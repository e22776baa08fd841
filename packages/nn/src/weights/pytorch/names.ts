import { type PyTorchName, snakeCaseBuffers } from './assign.ts';

/** Replaces the parts of a name, in order: each pair is what is searched for and what stands in its place. */
function replacing(...pairs: readonly (readonly [RegExp, string])[]): PyTorchName {
  return (name) => pairs.reduce((text, [from, to]) => text.replace(from, to), snakeCaseBuffers(name));
}

/** Names of Hugging Face's `BertModel` for a `TextEncoder` (post-norm, separate projections, `first-tanh`). */
export const bertNames: PyTorchName = replacing(
  [/^embedding\./, 'embeddings.word_embeddings.'],
  [/^embeddingNorm\./, 'embeddings.LayerNorm.'],
  [/^positions$/, 'embeddings.position_embeddings.weight'],
  [/^pooler\./, 'pooler.dense.'],
  [/^head\./, 'classifier.'],
  [/^layers\./, 'encoder.layer.'],
  [/attention\.(query|key|value)\./, 'attention.self.$1.'],
  [/attention\.output\./, 'attention.output.dense.'],
  [/norm1\./, 'attention.output.LayerNorm.'],
  [/mlp\.up\./, 'intermediate.dense.'],
  [/mlp\.down\./, 'output.dense.'],
  [/norm2\./, 'output.LayerNorm.'],
);

/** Names of Hugging Face's `ViTModel` for a `VisionTransformer` (separate projections). */
export const vitNames: PyTorchName = replacing(
  [/^patches\./, 'embeddings.patch_embeddings.projection.'],
  [/^classToken$/, 'embeddings.cls_token'],
  [/^positions$/, 'embeddings.position_embeddings'],
  [/^norm\./, 'layernorm.'],
  [/^head\./, 'classifier.'],
  [/^layers\./, 'encoder.layer.'],
  [/attention\.(query|key|value)\./, 'attention.attention.$1.'],
  [/attention\.output\./, 'attention.output.dense.'],
  [/norm1\./, 'layernorm_before.'],
  [/mlp\.up\./, 'intermediate.dense.'],
  [/mlp\.down\./, 'output.dense.'],
  [/norm2\./, 'layernorm_after.'],
);

const lastFeature = 18;

/** Names of torchvision's `mobilenet_v2`. (Those of its ResNets are this package's own.) */
export const mobilenetV2Names: PyTorchName = (name) =>
  replacing(
    [/^stem\.conv\./, 'features.0.0.'],
    [/^stem\.norm\./, 'features.0.1.'],
    [/^last\.conv\./, `features.${lastFeature}.0.`],
    [/^last\.norm\./, `features.${lastFeature}.1.`],
    [/^classifier\./, 'classifier.1.'],
    // The first block has no expansion, so its parts are numbered from 0.
    [/^blocks\.0\.depthwise\.conv\./, 'features.1.conv.0.0.'],
    [/^blocks\.0\.depthwise\.norm\./, 'features.1.conv.0.1.'],
    [/^blocks\.0\.project\.conv\./, 'features.1.conv.1.'],
    [/^blocks\.0\.project\.norm\./, 'features.1.conv.2.'],
    [/\.expand\.conv\./, '.conv.0.0.'],
    [/\.expand\.norm\./, '.conv.0.1.'],
    [/\.depthwise\.conv\./, '.conv.1.0.'],
    [/\.depthwise\.norm\./, '.conv.1.1.'],
    [/\.project\.conv\./, '.conv.2.'],
    [/\.project\.norm\./, '.conv.3.'],
  )(name).replace(/^blocks\.(\d+)\./, (_, index: string) => `features.${Number(index) + 1}.`);
