/** Arrays by name; gradients have the names and shapes of their weights. */
export type Values = Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

export const backends = ['wasm', 'webgpu'] as const;
export type Backend = (typeof backends)[number];

/** What every contestant starts from: one network with its initial weights, and one batch. */
export interface Task<Network extends string = string, Sizes = unknown> {
  readonly network: Network;
  readonly sizes: Sizes;
  readonly weights: Values;
  readonly inputs: Float32Array;
  readonly inputShape: readonly number[];
  /** `[batch]`, class numbers */
  readonly labels: Int32Array;
}

/** Makes seeded weights. Biases and scales are perturbed too, so that no gradient is trivially zero. */
export class WeightMaker {
  readonly weights: Values = {};
  readonly normal: (count: number, deviation?: number) => Float32Array;

  constructor(seed: number) {
    this.normal = normals(seed);
  }

  add(name: string, shape: readonly number[], deviation: number, mean = 0): void {
    const data = this.normal(
      shape.reduce((product, size) => product * size, 1),
      deviation,
    );
    this.weights[name] = { shape, data: mean === 0 ? data : data.map((value) => value + mean) };
  }

  linear(name: string, inputs: number, outputs: number): void {
    this.add(`${name}.weight`, [inputs, outputs], inputs ** -0.5);
    this.add(`${name}.bias`, [outputs], 0.02);
  }

  norm(name: string, width: number): void {
    this.add(`${name}.weight`, [width], 0.02, 1);
    this.add(`${name}.bias`, [width], 0.02);
  }
}

/** Labels that go through the classes. */
export function labelsOf({ batch, classes }: { readonly batch: number; readonly classes: number }): Int32Array {
  return Int32Array.from({ length: batch }, (_, index) => (index * 7) % classes);
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
