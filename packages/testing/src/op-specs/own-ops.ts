import * as core from '@tapgrad/core';
import { type InputSpec, type OpSample, type OpSpec, opSpec } from '../op-spec.ts';
import type { SeededRandom } from '../random.ts';

const frozen = (input: InputSpec): InputSpec => ({ ...input, constant: true });
const dense = (...shape: number[]): InputSpec => ({ shape });
/** Rows whose variance is far from 0: normalising them would otherwise divide by almost nothing. */
const spread = (...shape: number[]): InputSpec => ({ shape, range: [-2, 2], distinct: true });
const indices = (limit: number, ...shape: number[]): InputSpec => ({ shape, dtype: 'int32', range: [0, limit] });

/** A sample whose optional inputs are missing from the end. */
interface Presence {
  readonly weight?: boolean;
  readonly bias?: boolean;
}

const linearSpec = opSpec<object>({
  kernel: 'tapgrad.Linear',
  run: ([x, weight, bias]) => core.linear(x!, weight!, bias),
  samples: [
    { inputs: [dense(2, 3), dense(3, 4), dense(4)], attrs: {} },
    { inputs: [dense(2, 3), dense(3, 4)], attrs: {} },
    { inputs: [dense(2, 5, 3), dense(3, 2), dense(2)], attrs: {} },
    { inputs: [dense(1, 1, 2, 3), dense(3, 1), dense(1)], attrs: {} },
    { name: 'frozen weight', inputs: [dense(2, 3), frozen(dense(3, 4)), frozen(dense(4))], attrs: {} },
    { name: 'bias alone', inputs: [frozen(dense(2, 3)), frozen(dense(3, 4)), dense(4)], attrs: {} },
    { name: 'input not tracked', inputs: [frozen(dense(2, 2, 3)), dense(3, 4), dense(4)], attrs: {} },
  ],
  fuzz(random) {
    const [input, output] = [random.integer(1, 4), random.integer(1, 4)];
    const lead = random.shape(random.integer(1, 3));
    const bias = random.pick([[dense(output)], []]);
    return { inputs: [dense(...lead, input), dense(input, output), ...bias], attrs: {} };
  },
  errors: [{ inputs: [dense(2, 3), dense(2, 3)], attrs: {}, message: /inner/ }],
});

function normSamples(affine: InputSpec[]): OpSample<Presence>[] {
  const all = affine.length === 2 ? { weight: true, bias: true } : { weight: true };
  return [
    { inputs: [spread(3, 4), ...affine], attrs: all },
    { inputs: [spread(2, 3, 4), ...affine], attrs: all },
    { inputs: [spread(3, 4)], attrs: {} },
    { inputs: [spread(2, 3, 4), dense(4)], attrs: { weight: true } },
    { name: 'frozen input', inputs: [frozen(spread(3, 4)), ...affine], attrs: all },
    { name: 'frozen weight', inputs: [spread(3, 4), frozen(dense(4)), ...affine.slice(1)], attrs: all },
  ];
}

function fuzzedNorm(random: SeededRandom): OpSample<Presence> {
  const width = random.integer(2, 5);
  const weight = random.pick([true, false]);
  const lead = random.shape(random.integer(1, 3));
  return { inputs: [spread(...lead, width), ...(weight ? [dense(width)] : [])], attrs: { weight } };
}

const normSpecs: readonly OpSpec[] = [
  opSpec<Presence>({
    kernel: 'tapgrad.LayerNorm',
    run: ([x, ...rest], { weight, bias }) =>
      core.layerNorm(x!, weight ? rest[0] : undefined, bias ? rest[weight ? 1 : 0] : undefined, 1e-5),
    samples: [
      ...normSamples([dense(4), dense(4)]),
      {
        name: 'bias alone',
        inputs: [frozen(spread(3, 4)), frozen(dense(4)), dense(4)],
        attrs: { weight: true, bias: true },
      },
      { name: 'bias without weight', inputs: [spread(3, 4), dense(4)], attrs: { bias: true } },
      { name: 'width of 1', inputs: [dense(3, 1), dense(1), dense(1)], attrs: { weight: true, bias: true } },
    ],
    fuzz: fuzzedNorm,
    float32: { gradient: { absolute: 1e-4, relative: 1e-3 } },
  }),
  opSpec<Presence>({
    kernel: 'tapgrad.RmsNorm',
    run: ([x, ...rest], { weight }) => core.rmsNorm(x!, weight ? rest[0] : undefined, 1e-6),
    samples: normSamples([dense(4)]),
    fuzz: fuzzedNorm,
    float32: { gradient: { absolute: 1e-4, relative: 1e-3 } },
  }),
];

const activationSpecs: readonly OpSpec[] = [
  opSpec<{ approximate: core.GeluApproximation }>({
    kernel: 'tapgrad.Gelu',
    // Behind a linear layer backends may compute both at once.
    run: ([x, weight, bias], attrs) =>
      core.activatingLinear(weight && { kernel: 'tapgrad.Gelu', ...attrs }, () =>
        core.gelu(weight ? core.linear(x!, weight, bias) : x!, attrs),
      ),
    samples: (['none', 'tanh'] as const).flatMap((approximate) => [
      { inputs: [dense(2, 3, 5), dense(5, 4), dense(4)], attrs: { approximate } },
      { inputs: [{ shape: [3, 5], range: [-4, 4] as const }], attrs: { approximate } },
      { inputs: [dense()], attrs: { approximate } },
    ]),
    fuzz: (random) => ({ inputs: [dense(...random.shape())], attrs: { approximate: random.pick(['none', 'tanh']) } }),
  }),
  opSpec({
    kernel: 'tapgrad.Silu',
    run: ([x]) => core.silu(x!),
    samples: [{ inputs: [{ shape: [3, 5], range: [-6, 6] }] }, { inputs: [dense()] }],
    fuzz: (random) => ({ inputs: [dense(...random.shape())] }),
  }),
  opSpec({
    kernel: 'tapgrad.HardSwish',
    run: ([x]) => core.hardSwish(x!),
    samples: [{ inputs: [{ shape: [4, 6], range: [-5, 5], avoid: [-3, 3] }] }, { inputs: [dense()] }],
    fuzz: (random) => ({ inputs: [{ shape: random.shape(), range: [-5, 5], avoid: [-3, 3] }] }),
  }),
];

const crossEntropySpec = opSpec<core.SoftmaxCrossEntropyOptions>({
  kernel: 'tapgrad.SoftmaxCrossEntropy',
  run: ([logits, labels], attrs) => core.softmaxCrossEntropy(logits!, labels!, attrs),
  samples: [
    { inputs: [dense(3, 4), indices(4, 3)], attrs: {} },
    { inputs: [dense(3, 4), indices(4, 3)], attrs: { reduction: 'none' } },
    { inputs: [dense(2, 3, 4), indices(4, 2, 3)], attrs: { labelSmoothing: 0.1, reduction: 'sum' } },
    { inputs: [dense(3, 4), indices(4, 3)], attrs: { labelSmoothing: 0.2, reduction: 'none' } },
    {
      name: 'soft labels',
      inputs: [dense(2, 3), frozen({ shape: [2, 3], values: [0.5, 0.25, 0.25, 0, 1, 0] })],
      attrs: { reduction: 'none' },
    },
    {
      name: 'soft labels that do not add up to 1, smoothed',
      inputs: [dense(2, 2, 3), frozen({ shape: [2, 2, 3], range: [0, 1] })],
      attrs: { labelSmoothing: 0.3 },
    },
    {
      name: 'large logits',
      inputs: [{ shape: [2, 3], range: [-80, 80] }, indices(3, 2)],
      attrs: { reduction: 'none' },
    },
    { name: 'one class', inputs: [dense(2, 1), indices(1, 2)], attrs: { reduction: 'none' } },
  ],
  fuzz(random) {
    const [rows, classes] = [random.integer(1, 4), random.integer(1, 5)];
    const labels = random.pick([indices(classes, rows), frozen({ shape: [rows, classes], range: [0, 1] })]);
    return {
      inputs: [dense(rows, classes), labels],
      attrs: { labelSmoothing: random.pick([0, 0.1]), reduction: 'none' },
    };
  },
  errors: [
    { inputs: [dense(3, 4), indices(4, 2)], attrs: {}, message: /SHAPE_MISMATCH/ },
    { inputs: [dense(3, 4), dense(3)], attrs: {}, message: /SHAPE_MISMATCH/ },
  ],
});

interface AttentionAttributes {
  readonly heads: number;
  readonly causal?: boolean;
  readonly scale?: number;
}

/** Query, key and value of one attention; keys and values may be longer, and values of another width. */
function operands(batch: number, queries: number, keys: number, width: number, values = width): InputSpec[] {
  return [dense(batch, queries, width), dense(batch, keys, width), dense(batch, keys, values)];
}

const attentionSpec = opSpec<AttentionAttributes>({
  kernel: 'tapgrad.Attention',
  run: ([q, k, v, mask], { heads, causal, scale }) =>
    core.attention(q!, k!, v!, { heads, mask, ...(causal && { causal }), ...(scale !== undefined && { scale }) }),
  samples: [
    { inputs: operands(2, 3, 3, 4), attrs: { heads: 2 } },
    { inputs: operands(1, 3, 3, 4), attrs: { heads: 1, causal: true } },
    { inputs: operands(2, 2, 4, 4), attrs: { heads: 2, causal: true } },
    { inputs: operands(2, 1, 4, 4), attrs: { heads: 2, causal: true } },
    { inputs: operands(2, 3, 2, 4, 6), attrs: { heads: 2, scale: 0.3 } },
    { name: 'frozen mask', inputs: [...operands(2, 3, 3, 4), frozen(dense(2, 1, 1, 3))], attrs: { heads: 2 } },
    { name: 'trained mask', inputs: [...operands(2, 3, 2, 4), dense(1, 2, 3, 2)], attrs: { heads: 2 } },
    {
      name: 'trained mask of a row',
      inputs: [...operands(2, 3, 3, 4), dense(1, 1, 1, 3)],
      attrs: { heads: 2, causal: true },
    },
    {
      name: 'mask alone trained',
      inputs: [...operands(2, 3, 3, 4).map(frozen), dense(1, 2, 3, 3)],
      attrs: { heads: 2 },
    },
    {
      name: 'positions masked out',
      inputs: [...operands(1, 2, 3, 2), frozen({ shape: [1, 1, 1, 3], values: [0, -1e9, 0] })],
      attrs: { heads: 1 },
    },
    ...[0, 1, 2].map((trained) => ({
      name: `${['query', 'key', 'value'][trained]} alone`,
      inputs: operands(1, 3, 2, 4).map((each, index) => (index === trained ? each : frozen(each))),
      attrs: { heads: 2 },
    })),
  ],
  fuzz(random) {
    const heads = random.integer(1, 3);
    const [queries, extra] = [random.integer(1, 3), random.integer(0, 2)];
    const [batch, width, values] = [random.integer(1, 2), heads * random.integer(1, 2), heads * random.integer(1, 2)];
    const mask = random.pick([[], [dense(random.pick([1, batch]), random.pick([1, heads]), queries, queries + extra)]]);
    return {
      inputs: [...operands(batch, queries, queries + extra, width, values), ...mask],
      attrs: { heads, causal: random.pick([true, false]) },
    };
  },
  errors: [
    { inputs: operands(2, 3, 3, 4), attrs: { heads: 3 }, message: /SHAPE_MISMATCH/ },
    { inputs: [dense(2, 3, 4), dense(2, 3, 5), dense(2, 3, 4)], attrs: { heads: 1 }, message: /SHAPE_MISMATCH/ },
    { inputs: [dense(2, 3, 4), dense(1, 3, 4), dense(1, 3, 4)], attrs: { heads: 1 }, message: /SHAPE_MISMATCH/ },
  ],
});

const lookupSpecs: readonly OpSpec[] = [
  opSpec({
    kernel: 'tapgrad.Embedding',
    run: ([table, ids]) => core.embedding(table!, ids!),
    samples: [
      { inputs: [dense(5, 3), indices(5, 4)] },
      { inputs: [dense(5, 3), indices(5, 2, 3)] },
      { name: 'one row many times', inputs: [dense(3, 2), { shape: [4], dtype: 'int32', values: [1, 1, 1, 2] }] },
      { inputs: [dense(1, 2), indices(1, 2)] },
    ],
    fuzz(random) {
      const rows = random.integer(1, 5);
      return { inputs: [dense(rows, random.integer(1, 4)), indices(rows, ...random.shape(random.integer(1, 2)))] };
    },
    secondOrder: 'zero',
  }),
  opSpec<{ rate: number }>({
    kernel: 'tapgrad.Dropout',
    run: ([x], { rate }) => core.dropout(x!, rate, core.randomStream(3, 'row')),
    samples: [
      { inputs: [dense(4, 5)], attrs: { rate: 0.5 } },
      { inputs: [dense(20)], attrs: { rate: 0.1 } },
    ],
    fuzz: (random) => ({ inputs: [dense(...random.shape())], attrs: { rate: random.uniform(0.05, 0.9) } }),
    errors: [{ inputs: [dense(2)], attrs: { rate: 1 }, message: /BAD_OPTION/ }],
    secondOrder: 'zero',
  }),
];

/** Rows of the ops that are one node of core's own each; a backend may run them as fused kernels. */
export const ownOpSpecs: readonly OpSpec[] = [
  linearSpec,
  ...normSpecs,
  ...activationSpecs,
  crossEntropySpec,
  attentionSpec,
  ...lookupSpecs,
];
