/**
 * Named, seeded streams of random numbers. They are counter-based: number i of a stream is a hash of the stream's key
 * and i, so a stream gives the same numbers on every machine, and can be replayed from a saved position.
 */
export class RandomStream {
  /** How many numbers were drawn. Set it to replay. */
  position = 0;
  private readonly high: number;
  private readonly low: number;

  constructor(keys: readonly (string | number)[]) {
    let high = 0x9e3779b9;
    let low = 0x85ebca6b;
    for (const key of keys) {
      for (const word of words(key)) {
        high = mix(high ^ word);
        low = mix((low + Math.imul(high, 0x27d4eb2f)) ^ word);
      }
    }
    this.high = high;
    this.low = low;
  }

  /** A whole number in [0, 2^32). */
  bits(): number {
    return this.at(this.position++);
  }

  private at(index: number): number {
    return mix((mix((index ^ this.low) >>> 0) + this.high) >>> 0);
  }

  /** One number in [0, 1). */
  next(): number {
    return this.bits() / 4294967296;
  }

  /** A whole number in [0, limit). */
  integer(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** `count` numbers, uniform in [low, high). */
  uniform(count: number, low = 0, high = 1): Float32Array {
    const values = new Float32Array(count);
    const scale = (high - low) / 4294967296;
    const start = this.position;
    // In float32 the largest draws would round up to `high` itself.
    const highest = high - (high - low) * 2 ** -24;
    for (let i = 0; i < count; i++) values[i] = Math.min(low + this.at(start + i) * scale, highest);
    this.position += count;
    return values;
  }

  /** `count` numbers, normal with the given mean and standard deviation (Box-Muller). */
  normal(count: number, mean = 0, deviation = 1): Float32Array {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      const radius = Math.sqrt(-2 * Math.log((this.bits() + 1) / 4294967297)) * deviation;
      const angle = 2 * Math.PI * this.next();
      values[i] = mean + radius * Math.cos(angle);
      if (i + 1 < count) values[i + 1] = mean + radius * Math.sin(angle);
    }
    return values;
  }

  /** The numbers 0 … count − 1 in random order (Fisher-Yates). */
  permutation(count: number): Int32Array {
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const other = this.integer(i + 1);
      const held = order[i] as number;
      order[i] = order[other] as number;
      order[other] = held;
    }
    return order;
  }
}

/** The stream of a seed and a name made of words and numbers, for example `randomStream(7, 'shuffle', epoch)`. */
export function randomStream(seed: number, ...keys: (string | number)[]): RandomStream {
  return new RandomStream([seed, ...keys]);
}

/** Where draws inside a forward come from: keyed by seed, step, micro-batch, module path and how often that module drew. */
export interface RandomContext {
  readonly seed: number;
  readonly step: number;
  readonly microBatch: number;
  readonly draws: Map<string, number>;
  /** The one of the process, for forwards outside a stack: what it gives depends on all that drew before. */
  readonly shared?: boolean;
}

export function randomContext(seed: number, step = 0, microBatch = 0): RandomContext {
  return { seed, step, microBatch, draws: new Map() };
}

let context: RandomContext = { ...randomContext(0), shared: true };

/** Seeds the draws of forwards that run outside a stack. */
export function manualSeed(seed: number): void {
  context = { ...randomContext(seed), shared: true };
}

/** The stream for the next draw of the module at `modulePath`. */
export function currentRandom(modulePath: string): RandomStream {
  const count = context.draws.get(modulePath) ?? 0;
  context.draws.set(modulePath, count + 1);
  return randomStream(context.seed, 'forward', context.step, context.microBatch, modulePath, count);
}

export function withRandom<T>(next: RandomContext, f: () => T): T {
  const before = context;
  context = next;
  try {
    return f();
  } finally {
    context = before;
  }
}

/** The context that is up, for `withRandom` around what goes on after a wait. */
export function activeRandom(): RandomContext {
  return context;
}

/** As `withRandom`, in place of the process's context; where another one is up, draws go on in that. */
export function withoutSharedRandom<T>(next: RandomContext, f: () => T): T {
  return context.shared ? withRandom(next, f) : f();
}

/** The context as it is now, to run the same draws again. */
export function rememberRandom(): RandomContext {
  return { ...context, draws: new Map(context.draws) };
}

function words(key: string | number): number[] {
  if (typeof key === 'number') {
    return Number.isInteger(key) && Math.abs(key) < 2 ** 31 ? [key | 0, 0x51] : words(`n${key}`);
  }
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return [hash, key.length];
}

/** A 32-bit mixer with low bias (the `lowbias32` constants of C. Wellons' hash search). */
function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
