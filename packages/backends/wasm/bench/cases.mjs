// What bench/kernels.mjs measures. `composed` is what one writes in plain tfjs where tfjs has no such kernel.

/** @param tf tfjs-core */
export function cases(tf) {
  const normal = (...shape) => tf.randomNormal(shape, 0, 1, 'float32', 1);
  return [
    ...products(normal),
    ...shapes(tf, normal),
    ...convolutions(normal),
    ...fused(tf, normal),
    ...codes(tf, normal(8, 64, 768)),
  ];
}

function products(normal) {
  const sizes = [
    [1024, 1024, 1024],
    [1024, 1024, 1024, 'a'],
    [1024, 1024, 1024, 'b'],
    [512, 192, 192],
    [512, 768, 192],
    [512, 192, 768],
    [512, 192, 768, 'b'],
    [512, 768, 192, 'b'],
    [192, 768, 512, 'a'],
    [768, 192, 512, 'a'],
    [192, 192, 512, 'a'],
    [8, 10, 192],
    [1, 192, 192],
  ];
  const plain = sizes.map(([m, n, k, transposed = '']) => product(normal, m, n, k, transposed, []));
  return [...plain, ...['', 'a', 'b'].map((transposed) => product(normal, 64, 64, 64, transposed, [24]))];
}

function product(normal, m, n, k, transposed, batch) {
  const [transposeA, transposeB] = [transposed.includes('a'), transposed.includes('b')];
  const a = normal(...batch, ...(transposeA ? [k, m] : [m, k]));
  const b = normal(...batch, ...(transposeB ? [n, k] : [k, n]));
  const count = batch[0] ?? 1;
  const name = `BatchMatMul ${[...batch, m, n, k].join('x')}${transposed && ` transpose ${transposed}`}`;
  // tfjs's kernel wants rank 3.
  const ranked = ({ dataId, dtype, shape }) => ({ dataId, dtype, shape: batch.length ? shape : [1, ...shape] });
  return {
    name,
    kernel: 'BatchMatMul',
    inputs: { a: ranked(a), b: ranked(b) },
    attrs: { transposeA, transposeB },
    flops: 2 * count * m * n * k,
  };
}

function shapes(tf, normal) {
  const indices = tf.tensor1d(
    Array.from({ length: 512 }, (_, i) => (i * 7919) % 8000),
    'int32',
  );
  const x = normal(8, 64, 192);
  const unary = (kernel, input, attrs, note, key = 'x') => ({
    name: `${kernel} [${input.shape}] ${note}`,
    kernel,
    inputs: { [key]: input },
    attrs,
  });
  const binary = (kernel, a, b) => ({ name: `${kernel} [${a.shape}] [${b.shape}]`, kernel, inputs: { a, b } });
  const transposes = [
    [normal(768, 192), [1, 0]],
    [normal(8, 64, 3, 64), [0, 2, 1, 3]],
    [normal(8, 3, 64, 64), [0, 1, 3, 2]],
    [normal(8, 64, 3, 3, 64), [2, 0, 3, 1, 4]],
    [normal(8, 28, 28, 64), [0, 3, 1, 2]],
  ];
  const reductions = [
    [x, [0, 1]],
    [x, [0]],
    [x, [1]],
    [x, [2]],
    [normal(512, 768), [0]],
    [normal(512, 768), [1]],
    [normal(8, 28, 28, 64), [0, 1, 2]],
  ];
  return [
    ...transposes.map(([input, perm]) => unary('Transpose', input, { perm }, `perm ${perm}`)),
    ...reductions.map(([input, axis]) => unary('Sum', input, { axis, keepDims: false }, `axes ${axis}`)),
    ...[
      [x, [1]],
      [x, [2]],
    ].map(([input, axis]) => unary('Mean', input, { axis, keepDims: false }, `axes ${axis}`)),
    ...[
      [x, [1]],
      [x, [2]],
    ].map(([input, axis]) => unary('Max', input, { reductionIndices: axis, keepDims: false }, `axes ${axis}`)),
    unary('Softmax', normal(8, 3, 64, 64), { dim: 3 }, '', 'logits'),
    ...['Add', 'Sub', 'Multiply', 'RealDiv'].flatMap((kernel) => [
      binary(kernel, x, normal(8, 64, 192)),
      binary(kernel, x, normal(192)),
      binary(kernel, x, normal(8, 64, 1)),
      binary(kernel, x, normal(1)),
      binary(kernel, x, normal(1, 64, 192)),
      binary(kernel, normal(8, 1, 192), x),
    ]),
    ...['SquaredDifference', 'Maximum'].flatMap((kernel) => [
      binary(kernel, x, normal(8, 64, 192)),
      binary(kernel, x, normal(8, 64, 1)),
    ]),
    ...['Exp', 'Tanh', 'Sigmoid', 'Square', 'Sqrt', 'Rsqrt', 'Neg', 'Relu', 'Erf', 'Log'].map((kernel) =>
      unary(kernel, x, {}, ''),
    ),
    unary('Tile', normal(8, 1, 192), { reps: [1, 64, 1] }, 'reps 1,64,1'),
    unary('Slice', x, { begin: [0, 0, 0], size: [8, 1, 192] }, 'rows'),
    { name: 'Concat 2 x [8,64,192] axis 2', kernel: 'Concat', inputs: [x, x], attrs: { axis: 2 } },
    {
      name: 'GatherV2 [8000,192] 512 rows',
      kernel: 'GatherV2',
      inputs: { x: normal(8000, 192), indices },
      attrs: { axis: 0, batchDims: 0 },
    },
  ];
}

function convolutions(normal) {
  return [
    [8, 28, 28, 64, 64, 3],
    [8, 14, 14, 128, 256, 1],
    [8, 112, 112, 3, 32, 3],
    [8, 7, 7, 512, 512, 3],
  ].flatMap(([batch, h, w, inC, outC, k]) => {
    const [x, dy, filter] = [normal(batch, h, w, inC), normal(batch, h, w, outC), normal(k, k, inC, outC)];
    const flops = 2 * batch * h * w * inC * outC * k * k;
    const attrs = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dimRoundingMode: undefined, dilations: [1, 1] };
    const note = `[${x.shape}] ${k}x${k} to ${outC}`;
    return [
      { name: `Conv2D ${note}`, kernel: 'Conv2D', inputs: { x, filter }, attrs, flops },
      {
        name: `Conv2DBackpropInput ${note}`,
        kernel: 'Conv2DBackpropInput',
        inputs: { dy, filter },
        attrs: { ...attrs, inputShape: x.shape },
        flops,
      },
      {
        name: `Conv2DBackpropFilter ${note}`,
        kernel: 'Conv2DBackpropFilter',
        inputs: { x, dy },
        attrs: { ...attrs, filterShape: filter.shape },
        flops,
      },
    ];
  });
}

function fused(tf, normal) {
  const [x, wide] = [normal(8, 64, 192), normal(8, 64, 768)];
  const [weight, bias] = [normal(192), normal(192)];
  const [q, k, v] = [normal(8, 64, 192), normal(8, 64, 192), normal(8, 64, 192)];
  const heads = 3;
  const split = (t) => tf.transpose(tf.reshape(t, [8, 64, heads, 64]), [0, 2, 1, 3]);
  const probabilities = tf.softmax(tf.matMul(split(q), split(k), false, true));
  const [mean, rstd] = [normal(8, 64), normal(8, 64)];
  const layerNorm = () => {
    const center = tf.mean(x, -1, true);
    const variance = tf.mean(tf.square(tf.sub(x, center)), -1, true);
    return tf.add(tf.mul(tf.mul(tf.sub(x, center), tf.rsqrt(tf.add(variance, 1e-5))), weight), bias);
  };
  const needs = { needQ: true, needK: true, needV: true, needX: true, needWeight: true, needBias: true };
  const parameters = [normal(1 << 18), normal(1 << 18), normal(1 << 18), tf.square(normal(1 << 18))];
  const [parameter, gradient, m, second] = parameters;
  return [
    {
      name: 'LayerNorm [8,64,192]',
      kernel: 'tapgrad.LayerNorm',
      inputs: { x, weight, bias },
      attrs: { epsilon: 1e-5 },
      composed: layerNorm,
    },
    {
      name: 'LayerNormGrad [8,64,192]',
      kernel: 'tapgrad.LayerNormGrad',
      inputs: { dy: x, x, mean, rstd, weight },
      attrs: needs,
    },
    {
      name: 'Gelu [8,64,768]',
      kernel: 'tapgrad.Gelu',
      inputs: { x: wide },
      attrs: { approximate: 'none' },
      composed: () => tf.mul(wide, tf.mul(tf.add(tf.erf(tf.mul(wide, Math.SQRT1_2)), 1), 0.5)),
    },
    {
      name: 'GeluGrad [8,64,768]',
      kernel: 'tapgrad.GeluGrad',
      inputs: { dy: wide, x: wide },
      attrs: { approximate: 'none' },
    },
    {
      name: 'Attention 3 heads [8,64,192]',
      kernel: 'tapgrad.Attention',
      inputs: { q, k, v },
      attrs: { heads, scale: 0.125, causal: false },
      composed: () => tf.matMul(tf.softmax(tf.mul(tf.matMul(split(q), split(k), false, true), 0.125)), split(v)),
      flops: 4 * 24 * 64 ** 3,
    },
    {
      name: 'AttentionGrad 3 heads [8,64,192]',
      kernel: 'tapgrad.AttentionGrad',
      inputs: { dy: x, q, k, v, probabilities },
      attrs: { heads, scale: 0.125, ...needs },
      flops: 8 * 24 * 64 ** 3,
    },
    {
      name: 'AdamW 2^18 parameters',
      kernel: 'tapgrad.AdamW',
      inputs: { parameter, gradient, m, v: second },
      attrs: { learningRate: 1e-9, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, step: 1 },
    },
    { name: 'AddInPlace 2^18', kernel: 'tapgrad.AddInPlace', inputs: { a: gradient, b: m } },
  ];
}

/** Codes of saved activations. */
function codes(tf, wide) {
  const borders = Array.from({ length: 15 }, (_, i) => (i - 7) / 3);
  return [
    {
      name: 'PackDerivative 4 bits [8,64,768]',
      kernel: 'tapgrad.PackDerivative',
      inputs: { x: wide },
      attrs: { borders, inclusive: borders.map(() => false), bits: 4 },
      composed: () =>
        borders.map((border) => tf.cast(tf.greater(wide, border), 'int32')).reduce((a, b) => tf.add(a, b)),
    },
    {
      name: 'UnpackDerivative 4 bits, times dy [8,64,768]',
      kernel: 'tapgrad.UnpackDerivative',
      inputs: { codes: tf.zeros([wide.size / 8], 'int32'), dy: wide },
      attrs: { levels: [...borders, 2], bits: 4, shape: wide.shape },
      composed: () => tf.mul(wide, tf.gather(tf.tensor1d([...borders, 2]), tf.zeros(wide.shape, 'int32'))),
    },
    {
      name: 'PackGroups 4 bits, stochastic [8,64,768]',
      kernel: 'tapgrad.PackGroups',
      inputs: { x: wide },
      attrs: { bits: 4, group: 256, scales: 'bfloat16', stochastic: true, seed: 7 },
    },
    {
      name: 'PackGroups 4 bits, nearest [8,64,768]',
      kernel: 'tapgrad.PackGroups',
      inputs: { x: wide },
      attrs: { bits: 4, group: 256, scales: 'bfloat16', stochastic: false, seed: 0 },
    },
    {
      name: 'UnpackGroups 4 bits [8,64,768]',
      kernel: 'tapgrad.UnpackGroups',
      inputs: { codes: tf.zeros([wide.size / 8], 'int32'), ranges: tf.zeros([wide.size / 256], 'int32') },
      attrs: { bits: 4, group: 256, scales: 'bfloat16', shape: wide.shape },
    },
  ];
}
