/** A small random generator for test inputs: the same numbers in float32 and float64 engines and on every machine. */
export interface SeededRandom {
  /** Uniform in `[low, high)`, default `[0, 1)`. */
  uniform(low?: number, high?: number): number;
  /** Integer in `[low, high]`, both included. */
  integer(low: number, high: number): number;
  pick<T>(choices: readonly T[]): T;
  /** A shape of `rank` (default 0 to 4) extents between 1 and 4. */
  shape(rank?: number): number[];
  /** A shape that broadcasts to `shape`: leading axes dropped, some extents 1. */
  broadcastable(shape: readonly number[]): number[];
}

/** 32-bit FNV-1a of a text, to seed a stream by name. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** A stream seeded by a name and a number (mulberry32). */
export function seededRandom(name: string, seed = 0): SeededRandom {
  let state = (hashText(name) + Math.imul(seed, 0x9e3779b9)) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const random: SeededRandom = {
    uniform: (low = 0, high = 1) => low + (high - low) * next(),
    integer: (low, high) => low + Math.floor((high - low + 1) * next()),
    pick: (choices) => choices[Math.floor(next() * choices.length)]!,
    shape: (rank) => Array.from({ length: rank ?? random.integer(0, 4) }, () => random.integer(1, 4)),
    broadcastable: (shape) => shape.slice(random.integer(0, shape.length)).map((extent) => (next() < 0.4 ? 1 : extent)),
  };
  return random;
}
