// What bench/kernels.mjs measures: `theirs` is what one writes in plain tfjs, `ours` the same with the own kernels; `own`: both run own kernels.

/** @param tf tfjs-core */
export function cases(tf) {
  const normal = (...shape) => tf.randomNormal(shape, 0, 1, 'float32', 1);
  const run = (name, inputs, attrs = {}) => tf.engine().runKernel(name, inputs, attrs);
  const both = (name, f) => ({ name, theirs: f, ours: f });
  return [
    ...elementwise(tf, normal, run),
    ...norms(tf, normal, run),
    ...products(tf, normal, both),
    ...reductions(tf, normal, both),
    ...convolutions(normal, run, both),
  ];
}

function elementwise(tf, normal, run) {
  const x = normal(8, 64, 768);
  const cdf = (v) => tf.mul(tf.add(tf.erf(tf.mul(v, Math.SQRT1_2)), 1), 0.5);
  const slope = (v) =>
    tf.add(cdf(v), tf.mul(v, tf.mul(tf.exp(tf.mul(tf.square(v), -0.5)), 1 / Math.sqrt(2 * Math.PI))));
  const [rows, weight] = [normal(512, 192), normal(192, 768)];
  const borders = Array.from({ length: 15 }, (_, i) => (i - 7) / 3);
  const codes = { borders, inclusive: borders.map(() => false), bits: 4 };
  return [
    {
      name: 'Gelu [8,64,768]',
      theirs: () => tf.mul(x, cdf(x)),
      ours: () => run('tapgrad.Gelu', { x }, { approximate: 'none' }),
    },
    {
      name: 'GeluGrad [8,64,768]',
      theirs: () => tf.mul(x, slope(x)),
      ours: () => run('tapgrad.GeluGrad', { dy: x, x }, { approximate: 'none' }),
    },
    {
      name: 'Gelu and its derivative in 4 bits: own kernels, one',
      own: true,
      theirs() {
        run('tapgrad.Gelu', { x }, { approximate: 'none' });
        run('tapgrad.PackDerivative', { x }, codes);
      },
      ours: () => run('tapgrad.ActivationCodes', { x }, { kernel: 'tapgrad.Gelu', approximate: 'none', ...codes }),
    },
    {
      name: 'a linear layer 192 to 768 and GELU: own kernels, one',
      own: true,
      theirs: () => run('tapgrad.Gelu', { x: tf.matMul(rows, weight) }, { approximate: 'none' }),
      ours: () => run('tapgrad.LinearActivation', { x: rows, weight }, { kernel: 'tapgrad.Gelu', approximate: 'none' }),
    },
    { name: 'Silu [8,64,768]', theirs: () => tf.mul(x, tf.sigmoid(x)), ours: () => run('tapgrad.Silu', { x }) },
  ];
}

function norms(tf, normal, run) {
  const [x, weight, bias] = [normal(8, 64, 192), normal(192), normal(192)];
  const [mean, rstd] = [normal(8, 64), normal(8, 64)];
  const needs = { needX: true, needWeight: true, needBias: true };
  const normalized = (center, scale) => tf.mul(tf.sub(x, center), scale);
  return [
    {
      name: 'LayerNorm [8,64,192]',
      theirs() {
        const center = tf.mean(x, -1, true);
        const variance = tf.mean(tf.square(tf.sub(x, center)), -1, true);
        return tf.add(tf.mul(normalized(center, tf.rsqrt(tf.add(variance, 1e-5))), weight), bias);
      },
      ours: () => run('tapgrad.LayerNorm', { x, weight, bias }, { epsilon: 1e-5 }),
    },
    {
      name: 'LayerNormGrad [8,64,192]',
      theirs() {
        const scale = tf.expandDims(rstd, -1);
        const normal = normalized(tf.expandDims(mean, -1), scale);
        const g = tf.mul(x, weight);
        const along = tf.mul(normal, tf.mean(tf.mul(g, normal), -1, true));
        tf.mul(tf.sub(tf.sub(g, tf.mean(g, -1, true)), along), scale);
        tf.sum(tf.mul(x, normal), [0, 1]);
        return tf.sum(x, [0, 1]);
      },
      ours: () => run('tapgrad.LayerNormGrad', { dy: x, x, mean, rstd, weight }, needs),
    },
  ];
}

function products(tf, normal, both) {
  const sizes = [
    [512, 192, 192],
    [512, 768, 192],
    [512, 768, 192, 'b'],
    [192, 768, 512, 'a'],
    [8, 10, 192],
    [1, 768, 768],
    [512, 512, 512],
  ];
  const plain = sizes.map(([m, n, k, transposed = '']) => {
    const [atA, atB] = [transposed === 'a', transposed === 'b'];
    const [a, b] = [normal(...(atA ? [k, m] : [m, k])), normal(...(atB ? [n, k] : [k, n]))];
    return both(`BatchMatMul ${m}x${n}x${k} ${transposed && `transpose ${transposed}`}`, () =>
      tf.matMul(a, b, atA, atB),
    );
  });
  const [q, k] = [normal(24, 64, 64), normal(24, 64, 64)];
  const [x, weight, bias] = [normal(512, 192), normal(192, 768), normal(768)];
  return [
    ...plain,
    both('BatchMatMul 24 of 64x64x64 transpose b', () => tf.matMul(q, k, false, true)),
    both('_FusedMatMul 512x768x192, bias, relu', () => tf.fused.matMul({ a: x, b: weight, bias, activation: 'relu' })),
  ];
}

function reductions(tf, normal, both) {
  const [rows, image] = [normal(512, 768), normal(8, 28, 28, 64)];
  return [
    both('Sum [512,768] over 0', () => tf.sum(rows, 0)),
    both('Sum [512,768] over 1', () => tf.sum(rows, 1)),
    both('Mean [8,28,28,64] over 0,1,2', () => tf.mean(image, [0, 1, 2])),
    both('Sum [8,28,28,64] over 1,2', () => tf.sum(image, [1, 2])),
  ];
}

function convolutions(normal, run, both) {
  const plain = [
    [8, 28, 28, 32, 32, 3],
    [8, 14, 14, 64, 128, 1],
    [4, 56, 56, 3, 32, 3],
  ].flatMap(([batch, h, w, from, to, size]) => {
    const [x, dy, filter] = [normal(batch, h, w, from), normal(batch, h, w, to), normal(size, size, from, to)];
    const attrs = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1] };
    const note = `[${x.shape}] ${size}x${size} to ${to}`;
    return [
      both(`Conv2D ${note}`, () => run('Conv2D', { x, filter }, attrs)),
      both(`Conv2DBackpropInput ${note}`, () =>
        run('Conv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: x.shape }),
      ),
      both(`Conv2DBackpropFilter ${note}`, () =>
        run('Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: filter.shape }),
      ),
    ];
  });
  const [x, filter] = [normal(8, 28, 28, 64), normal(3, 3, 64, 1)];
  const attrs = { strides: [1, 1], pad: 'same', dilations: [1, 1] };
  return [
    ...plain,
    both('DepthwiseConv2dNativeBackpropFilter [8,28,28,64] 3x3', () =>
      run('DepthwiseConv2dNativeBackpropFilter', { x, dy: x }, { ...attrs, filterShape: filter.shape }),
    ),
    both('DepthwiseConv2dNativeBackpropInput [8,28,28,64] 3x3', () =>
      run('DepthwiseConv2dNativeBackpropInput', { dy: x, filter }, { ...attrs, inputShape: x.shape }),
    ),
  ];
}
