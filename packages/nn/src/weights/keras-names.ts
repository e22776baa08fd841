const weightNames: Readonly<Record<string, string>> = {
  'conv.weight': 'kernel',
  'norm.weight': 'gamma',
  'norm.bias': 'beta',
  'norm.runningMean': 'moving_mean',
  'norm.runningVar': 'moving_variance',
};

/**
 * Names of Keras' `MobileNetV2` (and of tfjs layers models made from it) for a `MobileNetV2` built with padding `same`
 * and epsilon 1e-3. Its classifier differs from model to model: leave it out, or name it yourself.
 */
export function kerasMobileNetV2Names(name: string): string {
  const [part = '', ...rest] = name.split('.');
  if (part === 'stem') return rest[0] === 'conv' ? 'Conv1/kernel' : `bn_Conv1/${weightOf(rest)}`;
  if (part === 'last') return rest[0] === 'conv' ? 'Conv_1/kernel' : `Conv_1_bn/${weightOf(rest)}`;
  if (part !== 'blocks') return name;
  const [index, stage = '', ...inner] = rest;
  const block = index === '0' ? 'expanded_conv' : `block_${index}`;
  if (inner[0] === 'norm') return `${block}_${stage}_BN/${weightOf(inner)}`;
  return `${block}_${stage}/${stage === 'depthwise' ? 'depthwise_kernel' : 'kernel'}`;
}

function weightOf(path: readonly string[]): string {
  return weightNames[path.join('.')] ?? path.join('.');
}
