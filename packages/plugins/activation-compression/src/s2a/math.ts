/** Sizes of one pre-norm transformer block. */
export interface TransformerBlockShape {
  /** N: tokens an image or text. */
  readonly tokens: number;
  /** d. */
  readonly width: number;
  /** H. */
  readonly heads: number;
}

/** What a block is trained like: all of it; its biases alone; with 4-bit slopes of GELU; with 4-bit codes of everything. */
export type BlockTraining = 'full' | 'bias' | 'coded-gelu' | 'coded';

/**
 * Elements a sample that one pre-norm block keeps for its gradient, in units of 32 bits, without derived slots, norms'
 * statistics and the scales of codes. Full: inputs of two norms, four linear layers and GELU, query, key and value,
 * softmax's output: 16 N d + H N². Frozen weights keep no input of a linear layer: 9 N d + H N². A 4-bit slope takes an
 * eighth of GELU's 4 N d.
 */
export function blockElements({ tokens, width, heads }: TransformerBlockShape, training: BlockTraining): number {
  const activation = tokens * width;
  const maps = heads * tokens * tokens;
  switch (training) {
    case 'full':
      return 16 * activation + maps;
    case 'bias':
      return 9 * activation + maps;
    case 'coded-gelu':
      return 5.5 * activation + maps;
    case 'coded':
      return (9 * activation + maps) / 8;
  }
}

/** Width of a side branch: d / r, at least 1. */
export function sideWidth(width: number, reduction: number): number {
  return Math.max(1, Math.round(width / reduction));
}
