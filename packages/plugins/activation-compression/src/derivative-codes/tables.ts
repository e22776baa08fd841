import {
  type CodedFunction,
  functionOf,
  type PiecewiseFunction,
  type SmoothFunction,
  smoothFunctions,
} from './functions.ts';
import { largestError, optimalTable, type StepTable } from './math.ts';

/** How one kernel's derivative is coded: as the number of borders that the saved value has passed. */
export interface DerivativeTable extends StepTable {
  readonly bits: number;
  /** Which borders a value equal to them has passed; default: none. */
  readonly inclusive: readonly boolean[];
  /** The largest |f' − level| for any input; 0 for an exact code. */
  readonly bound: number;
}

/**
 * The table of a kernel that saves a value for its derivative; undefined if the derivative is unbounded (square, exp,
 * log …), periodic, or not known.
 * @param attrs the kernel's attributes: slopes and bounds of piecewise functions, GELU's approximation
 */
export function derivativeTable(
  kernel: string,
  attrs: Readonly<Record<string, unknown>>,
  bits: number,
  functions?: readonly CodedFunction[],
): DerivativeTable | undefined {
  const found = functionOf(kernel, attrs);
  if (!found || (functions && !functions.includes(found.name))) return undefined;
  const { name, fromOutput } = found;
  return name in smoothFunctions
    ? smoothTable(name as SmoothFunction, bits, fromOutput ?? false)
    : piecewiseTable(name as PiecewiseFunction, attrs);
}

const tables = new Map<string, DerivativeTable>();

function smoothTable(name: SmoothFunction, bits: number, fromOutput: boolean): DerivativeTable {
  const key = `${name}/${bits}`;
  let table = tables.get(key);
  if (!table) {
    const scalar = smoothFunctions[name];
    const made = optimalTable(scalar, 2 ** bits);
    // Kernels that keep their output are ascending functions: f(x) has passed f(border) when x has passed the border.
    const borders = fromOutput ? made.borders.map(scalar.f) : made.borders;
    table = {
      borders,
      levels: made.levels,
      bits,
      inclusive: borders.map(() => false),
      bound: largestError(scalar, made),
    };
    tables.set(key, table);
  }
  return table;
}

const exact = { bits: 1, bound: 0 } as const;

/** With as many borders as levels, the last border leads back to level 0: a band. */
function piecewiseTable(name: PiecewiseFunction, attrs: Readonly<Record<string, unknown>>): DerivativeTable {
  switch (name) {
    case 'relu':
      return { ...exact, borders: [0], levels: [0, 1], inclusive: [false] };
    case 'relu6':
      return { ...exact, borders: [0, 6], levels: [0, 1], inclusive: [false, true] };
    case 'leaky-relu':
      return { ...exact, borders: [0], levels: [(attrs.alpha as number | undefined) ?? 0.2, 1], inclusive: [false] };
    case 'abs':
      return { ...exact, borders: [0], levels: [-1, 1], inclusive: [false] };
    case 'clip': {
      const bounds = [attrs.clipValueMin as number, attrs.clipValueMax as number];
      return { ...exact, borders: bounds, levels: [0, 1], inclusive: [true, false] };
    }
  }
}
