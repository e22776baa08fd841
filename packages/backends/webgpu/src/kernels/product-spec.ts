import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { ElementType } from '../shader.ts';
import type { Uniform } from '../uniforms.ts';

/** How a product reads one of its factors, by tiles in workgroup memory or by lanes; outer indices are rows of a, columns of b. */
export interface Operand {
  readonly info: TensorInfo;
  readonly tiles: TileLoader;
  readonly runs: Runs;
  /** What the code depends on. */
  readonly variant: string;
  readonly uniforms?: Readonly<Record<string, Uniform>>;
}

/** Outer indices go in groups of four, `o` being the first of them. Outside of the factor loaders give 0. */
export interface TileLoader {
  readonly type: 'f32' | 'vec4<f32>';
  /**
   * `outer`, `inner`: `load_NAME(batch: u32, o: u32, k: u32) -> vec4f` gives the four at one inner index; which of the indices lie side by side
   * in memory. `block`: gives a `mat4x4f`, of each of the four a column of the inner indices k to k + 3.
   */
  readonly order: 'outer' | 'inner' | 'block';
  readonly code: string;
}

/** Where numbers of neighbouring inner indices stand, for one outer index, which may lie outside: what is read there is not used. */
export interface Runs {
  /** Inner indices of a run; runs start at multiples of it. Undefined: a run may start anywhere, and goes on to the end. */
  readonly length?: number;
  /** WGSL of the distance of two neighbours in a run. */
  readonly step: string;
  /**
   * Declares `run_NAME(batch: u32, o: u32, k: u32) -> Run`: the i-th number from k on is at `at + i * step`; only those from `first` on,
   * `count` of them, are there, the others are 0.
   */
  readonly code: string;
}

/** What is made of a product before it is written. */
export interface Finish {
  readonly variant: string;
  readonly read: Readonly<Record<string, readonly [TensorInfo, ElementType]>>;
  readonly uniforms: Readonly<Record<string, Uniform>>;
  /**
   * Declares `finished(value: vec4f, column: u32) -> vec4f`, of the four columns from `column` on; where n is no multiple of 4 some are beyond n.
   * With a second output also `second(value: vec4f) -> vec4f`, of what `finished` gave.
   */
  readonly code: string;
  /** A tensor of the product's shape that gets what `second` gives. */
  readonly second?: TensorInfo;
}

export interface Sizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export interface Product extends Sizes {
  readonly name: string;
  readonly shape: readonly number[];
  readonly a: Operand;
  readonly b: Operand;
  readonly finish?: Finish | undefined;
}

/** Rows and columns that a workgroup makes. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
}

export function countTiles({ batch, m, n }: Sizes, { rows, columns }: Tile): number {
  return batch * Math.ceil(m / rows) * Math.ceil(n / columns);
}

/** Names of the four rows or columns of a group. */
export const four = ['x', 'y', 'z', 'w'] as const;

/** Declares `write(value: vec4f, plane: u32, row: u32, column: u32)`: four columns of one row, those that are inside. */
export function writeCode({ n, finish }: Product): string {
  const store = (to: string, value: string): string =>
    n % 4 === 0
      ? `${to}[at / 4u] = ${value};`
      : `for (var j = 0u; j < 4u && column + j < uniforms.n; j++) { ${to}[at + j] = ${value}[j]; }`;
  return `
${finish?.code ?? ''}
fn write(value: vec4f, plane: u32, row: u32, column: u32) {
  if (row >= uniforms.m || column >= uniforms.n) { return; }
  let whole = ${finish ? 'finished(value, column)' : 'value'};
  let at = (plane * uniforms.m + row) * uniforms.n + column;
  ${store('c', 'whole')}
${finish?.second ? `  let two = second(whole);\n  ${store('c2', 'two')}` : ''}
}`;
}

/** Begins `main`: which tile of which matrix and which part of the inner dimension this workgroup has. */
export function placeCode({ rows, columns }: Tile): string {
  return `
  let number = index_of(group, groups, 0u, 1u);
  let wide = (uniforms.n + ${columns - 1}u) / ${columns}u;
  let tiles = (uniforms.m + ${rows - 1}u) / ${rows}u * wide;
  let batch = number / tiles % uniforms.batch;
  let part = number / tiles / uniforms.batch;
  if (part >= uniforms.parts) { return; }
  let a_first = number % tiles / wide * ${rows}u;
  let b_first = number % wide * ${columns}u;
  let end = min(uniforms.k, (part + 1u) * uniforms.part);
  let plane = part * uniforms.batch + batch;`;
}
