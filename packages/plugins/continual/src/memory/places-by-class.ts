/** Where samples of each class are stored, so that nobody has to look through all of them for each that comes. */
export class PlacesByClass {
  private readonly places = new Map<number, number[]>();

  /** Of each class that has a sample its places, ascending. */
  get all(): ReadonlyMap<number, readonly number[]> {
    return this.places;
  }

  /** A sample without a class is in none. */
  add(label: number | undefined, place: number): void {
    if (label === undefined) return;
    const own = this.places.get(label);
    if (own) own.splice(firstFrom(own, place), 0, place);
    else this.places.set(label, [place]);
  }

  remove(label: number | undefined, place: number): void {
    const own = label === undefined ? undefined : this.places.get(label);
    if (!own) return;
    own.splice(firstFrom(own, place), 1);
    if (own.length === 0) this.places.delete(label as number);
  }

  clear(): void {
    this.places.clear();
  }
}

/** Index of the first of ascending numbers that is not below `least`. */
function firstFrom(ascending: readonly number[], least: number): number {
  let [from, to] = [0, ascending.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((ascending[middle] as number) < least) from = middle + 1;
    else to = middle;
  }
  return from;
}
