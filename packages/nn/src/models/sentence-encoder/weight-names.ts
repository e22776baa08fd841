const scope = 'module_apply_default/Encoder_en/KonaTransformer/Encode';
const variables = 'module/Encoder_en';

function layerNames(i: number): Record<string, string> {
  const apply = `${scope}/Layer_${i}/TransformerLayer`;
  const graph = `${scope}/TransformerStack/Layer_${i}/TransformerLayer`;
  const kernels = `${variables}/KonaTransformer/Encode/Layer_${i}/TransformerLayer/MultiheadAttention`;
  const norm = (part: string) => `${apply}/${part}layer_prepostprocess/layer_norm/layer_norm_`;
  const whole = '/ConcatPartitions/concat';
  return {
    [`${norm('')}scale${whole}`]: 'norm1.weight',
    [`${norm('')}bias${whole}`]: 'norm1.bias',
    [`${kernels}/qkv_transform_single/kernel/part_0`]: 'attention.qkv.weight',
    [`${apply}/MultiheadAttention/qkv_transform_single/bias${whole}`]: 'attention.qkv.bias',
    [`${kernels}/output_transform_single/kernel/part_0`]: 'attention.output.weight',
    [`${apply}/MultiheadAttention/output_transform_single/bias${whole}`]: 'attention.output.bias',
    [`${norm('FFN/')}scale${whole}`]: 'norm2.weight',
    [`${norm('FFN/')}bias${whole}`]: 'norm2.bias',
    [`${graph}/FFN/conv1/Tensordot/Reshape_1`]: 'mlp.up.weight',
    [`${apply}/FFN/conv1/bias${whole}`]: 'mlp.up.bias',
    [`${graph}/FFN/conv2/Tensordot/Reshape_1`]: 'mlp.down.weight',
    [`${apply}/FFN/conv2/bias${whole}`]: 'mlp.down.bias',
    [`${apply}/dense/kernel${whole}`]: 'shortcut.weight',
    [`${apply}/dense/bias${whole}`]: 'shortcut.bias',
  };
}

/** The published graph's weights by the name of the parameter that each one is; layer 1 has no shortcut. */
export const sentenceEncoderWeights: ReadonlyMap<string, string> = new Map([
  ['module/Embeddings_en', 'embedding.weight'],
  ...[0, 1].flatMap((i) =>
    Object.entries(layerNames(i)).map(([from, to]): [string, string] => [from, `layers.${i}.${to}`]),
  ),
  [`${variables}/hidden_layers/tanh_layer_0/weights`, 'projection.weight'],
  [`${variables}/hidden_layers/tanh_layer_0/bias`, 'projection.bias'],
]);
