/** A differentiable function of one number. */
export interface ScalarFunction {
  f(x: number): number;
  derivative(x: number): number;
}

/** A step function that stands for f': `levels[i]` holds between `borders[i − 1]` and `borders[i]`. */
export interface StepTable {
  /** Ascending; one fewer than levels. */
  readonly borders: readonly number[];
  readonly levels: readonly number[];
}

/** Tables are optimal for x uniform in [−reach, reach], as those of Few-bit Backward are. */
export const reach = 10;
const gridSteps = 400;
const smallestStep = 2e-8;

/**
 * The best step function of f' with `segments` levels: it minimises ∫ (f' − v)² over [−reach, reach].
 *
 * For given borders the best level of a segment is the mean of f' in it, (f(b) − f(a)) / (b − a), and the segment's error is
 * ∫ f'² − (f(b) − f(a))² / (b − a) (Novikov et al. 2022, Few-bit Backward, arXiv:2202.00441, section 3). The first term adds up to the
 * same whatever the borders, so that dynamic programming over a grid maximises the sum of the second; then every border
 * moves on finer and finer steps, all of them at once, until none gains.
 */
export function optimalTable({ f }: ScalarFunction, segments: number): StepTable {
  let borders = bestOnGrid(f, segments);
  for (let step = (2 * reach) / gridSteps; step > smallestStep; ) {
    const moved = bestNearby(f, borders, step);
    if (moved.every((border, i) => border === borders[i])) step /= 2;
    borders = moved;
  }
  // Closer than that the gain is flat; a border where f' jumps stands at the jump itself.
  return tableOf(
    f,
    borders.map((border) => Math.round(border * 1e7) / 1e7),
  );
}

/** The levels that are best for these borders: means of f' between them. */
function tableOf(f: (x: number) => number, borders: readonly number[]): StepTable {
  const ends = [-reach, ...borders, reach];
  return { borders, levels: ends.slice(1).map((end, i) => slope(f, ends[i] as number, end)) };
}

function slope(f: (x: number) => number, a: number, b: number): number {
  return (f(b) - f(a)) / (b - a);
}

function bestOnGrid(f: (x: number) => number, segments: number): number[] {
  const at = (i: number) => (i * 2 * reach) / gridSteps - reach;
  const points = Array.from({ length: gridSteps + 1 }, (_, i) => at(i));
  return bestPath(f, [[-reach], ...Array.from({ length: segments - 1 }, () => points.slice(1, -1)), [reach]]);
}

function bestNearby(f: (x: number) => number, borders: readonly number[], step: number): number[] {
  const near = borders.map((border) => [0, -step, step].map((by) => border + by));
  return bestPath(f, [[-reach], ...near, [reach]]);
}

/** One border out of each list of candidates, ascending, with the largest sum of (Δf)² / Δx; among equals the first. */
function bestPath(f: (x: number) => number, candidates: readonly (readonly number[])[]): number[] {
  let [gains, lasts]: [number[], readonly number[]] = [[0], candidates[0] as readonly number[]];
  let values = lasts.map(f);
  const cameFrom: number[][] = [];
  for (const next of candidates.slice(1)) {
    const nextValues = next.map(f);
    const nextGains = next.map(() => Number.NEGATIVE_INFINITY);
    const from = next.map(() => 0);
    for (let j = 0; j < next.length; j++) {
      for (let i = 0; i < lasts.length; i++) {
        const width = (next[j] as number) - (lasts[i] as number);
        if (width <= 0) continue;
        const gain = (gains[i] as number) + ((nextValues[j] as number) - (values[i] as number)) ** 2 / width;
        if (gain > (nextGains[j] as number)) {
          nextGains[j] = gain;
          from[j] = i;
        }
      }
    }
    cameFrom.push(from);
    [gains, lasts, values] = [nextGains, next, nextValues];
  }
  const path: number[] = [];
  let index = 0;
  for (let position = candidates.length - 1; position > 1; position--) {
    index = (cameFrom[position - 1] as number[])[index] as number;
    path.unshift((candidates[position - 1] as readonly number[])[index] as number);
  }
  return path;
}

/** ∫ (f' − v)² over [−reach, reach], by Simpson's rule between the borders and where f' may jump. */
export function squaredError(
  { derivative }: ScalarFunction,
  { borders, levels }: StepTable,
  jumps: readonly number[] = [],
): number {
  const ends = [...new Set([-reach, ...borders, ...jumps, reach])].sort((a, b) => a - b);
  let total = 0;
  for (const [i, a] of ends.slice(0, -1).entries()) {
    const b = ends[i + 1] as number;
    const level = levels[codeOf((a + b) / 2, borders)] as number;
    const pieces = 2 * Math.ceil((b - a) * 100);
    const h = (b - a) / pieces;
    // At an end f' is that of the piece, not of its neighbour.
    const at = (j: number) => (derivative(Math.min(Math.max(a + j * h, a + 1e-12), b - 1e-12)) - level) ** 2;
    for (let j = 0; j <= pieces; j++) total += ((j === 0 || j === pieces ? 1 : j % 2 ? 4 : 2) * at(j) * h) / 3;
  }
  return total;
}

/** The largest |f' − v| there is, beyond the range of the table too; a point where f' jumps is none of either side. */
export function largestError({ derivative }: ScalarFunction, { borders, levels }: StepTable): number {
  let worst = 0;
  for (let i = -40 * reach * 4; i <= 40 * reach * 4; i++) {
    const x = (i + 0.5) / 160;
    worst = Math.max(worst, Math.abs(derivative(x) - (levels[codeOf(x, borders)] as number)));
  }
  for (const [i, border] of borders.entries()) {
    for (const [side, level] of [levels[i], levels[i + 1]].entries()) {
      worst = Math.max(worst, Math.abs(derivative(border + (side - 0.5) * 1e-6) - (level as number)));
    }
  }
  return worst;
}

/** c(x) = #{i: borders_i < x} (Few-bit Backward, eq. 6). */
export function codeOf(x: number, borders: readonly number[]): number {
  return borders.filter((border) => border < x).length;
}
