/** A generator of its own (mulberry32): the reference shares no draw with tapgrad. Gives numbers in [0, 1). */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

/** Reservoir sampling (Vitter 1985, algorithm R) of image numbers: each seen so far is kept with the same chance. */
export class PlainReservoir {
  readonly kept: number[] = [];
  private seen = 0;

  constructor(
    private readonly capacity: number,
    private readonly random: () => number,
  ) {}

  add(image: number): void {
    const place = Math.floor(this.random() * (this.seen + 1));
    if (this.kept.length < this.capacity) this.kept.push(image);
    else if (place < this.capacity) this.kept[place] = image;
    this.seen++;
  }

  /** `count` different ones, or all if there are fewer. */
  draw(count: number): number[] {
    const left = [...this.kept];
    const drawn: number[] = [];
    while (drawn.length < count && left.length > 0) {
      const [image] = left.splice(Math.floor(this.random() * left.length), 1) as [number];
      drawn.push(image);
    }
    return drawn;
  }
}
