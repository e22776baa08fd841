/** How many inputs feed one output of a weight, and how many outputs one input feeds. */
export interface Fans {
  readonly in: number;
  readonly out: number;
}

/**
 * Fans of a weight in tfjs layout: `[in, out]` of a linear layer, `[height, width, in, out]` of a convolution;
 * a vector counts as one input. For a depthwise filter use `depthwiseFans`.
 */
export function fansOf(shape: readonly number[]): Fans {
  const out = shape.at(-1) ?? 1;
  const inputs = shape.length > 1 ? (shape.at(-2) as number) : 1;
  const field = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  return { in: field * inputs, out: field * out };
}

/** Fans of a depthwise filter `[height, width, channels, multiplier]`: each output sees one channel. */
export function depthwiseFans([height = 1, width = 1, , multiplier = 1]: readonly number[]): Fans {
  return { in: height * width, out: height * width * multiplier };
}
