/** The encoder of the `step` benchmark, as every contestant builds it. */
export const network = {
  width: 192,
  heads: 3,
  layers: 4,
  ratio: 4,
  batch: 8,
  tokens: 64,
  classes: 10,
  epsilon: 1e-5,
} as const;

export type Values = Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** What every contestant starts from. `inputs` are vectors, not token numbers: plain tfjs has no embedding gradient on wasm. */
export interface Task {
  readonly weights: Values;
  /** `[batch, tokens, width]` */
  readonly inputs: Float32Array;
  /** `[batch]`, class numbers */
  readonly labels: Int32Array;
}

/** Normal numbers of one seed (mulberry32 and Box-Muller); no contestant may load another's generator. */
function normals(seed: number): (count: number, deviation?: number) => Float32Array {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return (count, deviation = 1) =>
    Float32Array.from(
      { length: count },
      () => deviation * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    );
}

/** One seeded batch and the initial weights. Biases and scales are perturbed too, so that no gradient is trivially zero. */
export function makeTask(seed: number): Task {
  const { width: d, layers, ratio, batch, tokens, classes } = network;
  const normal = normals(seed);
  const weights: Values = {};
  const add = (name: string, shape: readonly number[], deviation: number, mean = 0) => {
    const data = normal(
      shape.reduce((product, size) => product * size, 1),
      deviation,
    );
    weights[name] = { shape, data: mean === 0 ? data : data.map((value) => value + mean) };
  };
  const linear = (name: string, inputs: number, outputs: number) => {
    add(`${name}.weight`, [inputs, outputs], inputs ** -0.5);
    add(`${name}.bias`, [outputs], 0.02);
  };
  const norm = (name: string) => {
    add(`${name}.weight`, [d], 0.02, 1);
    add(`${name}.bias`, [d], 0.02);
  };
  add('position', [tokens, d], 0.02);
  for (let layer = 0; layer < layers; layer++) {
    norm(`layers.${layer}.norm1`);
    linear(`layers.${layer}.attention.qkv`, d, 3 * d);
    linear(`layers.${layer}.attention.output`, d, d);
    norm(`layers.${layer}.norm2`);
    linear(`layers.${layer}.mlp.up`, d, ratio * d);
    linear(`layers.${layer}.mlp.down`, ratio * d, d);
  }
  norm('norm');
  linear('head', d, classes);
  return {
    weights,
    inputs: normal(batch * tokens * d),
    labels: Int32Array.from({ length: batch }, (_, index) => (index * 7) % classes),
  };
}
