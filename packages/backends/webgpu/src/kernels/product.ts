import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { ElementType } from '../shader.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { type Uniform, u32 } from '../uniforms.ts';
import { sumMiddle } from './reduce-middle.ts';

/** Inner indices of a tile. Shaders get it as a uniform too: a loop that compilers cannot unroll whole compiles four times as fast, no slower to run. */
const depth = 16;
/** Workgroups that keep a device busy; with fewer the inner dimension is split. */
const enough = 96;

/**
 * How a product reads one of its factors: outer indices (rows of a, columns of b) go in groups of four, `o` being the first of them.
 * Outside of the factor loaders give 0.
 */
export interface Operand {
  readonly info: TensorInfo;
  readonly type: 'f32' | 'vec4<f32>';
  /**
   * `outer`, `inner`: `load_NAME(batch: u32, o: u32, k: u32) -> vec4f` gives the four at one inner index; which of the indices lie side by side
   * in memory. `block`: gives a `mat4x4f`, of each of the four a column of the inner indices k to k + 3.
   */
  readonly order: 'outer' | 'inner' | 'block';
  readonly code: string;
  /** What the code depends on. */
  readonly variant: string;
  readonly uniforms?: Readonly<Record<string, Uniform>>;
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

export interface Product {
  readonly name: string;
  readonly shape: readonly number[];
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Operand;
  readonly b: Operand;
  readonly finish?: Finish | undefined;
}

interface Tiling {
  /** Invocations along rows and columns; each makes 4 x 4 numbers. */
  readonly down: number;
  readonly across: number;
  readonly tiles: number;
  /** Parts of the inner dimension. */
  readonly parts: number;
}

/** Tiles of a product; a few rows or columns get tiles of few rows or columns. */
export function tilingOf({ batch, m, n, k, finish }: Pick<Product, 'batch' | 'm' | 'n' | 'k' | 'finish'>): Tiling {
  const count = (down: number, across: number): number =>
    batch * Math.ceil(m / (4 * down)) * Math.ceil(n / (4 * across));
  const [down, across] = shapeOfTiles(m, n, count);
  const tiles = count(down, across);
  const parts = finish ? 1 : Math.max(1, Math.min(Math.floor(k / 256), Math.floor(enough / tiles)));
  return { down, across, tiles, parts };
}

function shapeOfTiles(m: number, n: number, count: (down: number, across: number) => number): [number, number] {
  if (m <= 8) return [2, 32];
  if (n <= 8) return [32, 2];
  const large: [number, number] = n <= 32 ? [32, 8] : m <= 32 ? [8, 32] : [16, 16];
  return count(...large) >= 32 ? large : [8, 8];
}

/**
 * `c[batch, m, n] = Σ over k of a[batch, m, k] b[batch, k, n]`, by tiles in workgroup memory and 4 x 4 numbers an invocation.
 * With few tiles and a long inner dimension workgroups take parts of it, which a second dispatch adds up in their order (only without `finish`).
 * No size may be 0.
 */
export function product(gpu: TrainingBackend, spec: Product): TensorInfo {
  const { name, shape, batch, m, n, k, a, b, finish } = spec;
  const tiling = tilingOf(spec);
  const parts = tiling.parts;
  const c = gpu.output(parts === 1 ? shape : [parts, ...shape]);
  const type = n % 4 === 0 ? 'vec4<f32>' : 'f32';
  gpu.dispatch({
    name,
    variant: [a.variant, b.variant, finish?.variant ?? '', tiling.down, tiling.across].join(' '),
    read: { a: [a.info, a.type], b: [b.info, b.type], ...finish?.read },
    write: { c: [c, type], ...(finish?.second && { c2: [finish.second, type] }) },
    uniforms: {
      batch: u32(batch),
      m: u32(m),
      n: u32(n),
      k: u32(k),
      parts: u32(parts),
      depth: u32(depth),
      part: u32(depth * Math.ceil(k / (depth * parts))),
      ...a.uniforms,
      ...b.uniforms,
      ...finish?.uniforms,
    },
    code: () => shader(spec, tiling, type),
    workgroups: tiling.tiles * parts,
  });
  if (parts === 1) return c;
  const [sum] = sumMiddle(gpu, {
    name: 'sum',
    outer: 1,
    count: parts,
    inner: batch * m * n,
    read: { x: [c, 'T'] },
    terms: ['x[i]'],
  });
  gpu.disposeData(c.dataId);
  return { ...sum!, shape: [...shape] };
}

/** Fills a tile of one factor: `[inner][groups of four outer + 1]`, the one more against bank conflicts. */
function fill(name: 'a' | 'b', { order }: Operand, groups: number): string {
  const at = `(kk * ${groups + 1}u + g)`;
  if (order === 'block') {
    return `
    for (var e = local; e < ${(groups * depth) / 4}u; e += threads) {
      let g = e / ${depth / 4}u;
      let kk = e % ${depth / 4}u * 4u;
      var block = mat4x4f();
      if (k0 + kk < end) { block = transpose(load_${name}(batch, ${name}_first + 4u * g, k0 + kk)); }
${[0, 1, 2, 3].map((i) => `      ${name}_tile[${at} + ${i * (groups + 1)}u] = block[${i}];`).join('\n')}
    }`;
  }
  const [g, kk] = order === 'outer' ? [`e % ${groups}u`, `e / ${groups}u`] : [`e / ${depth}u`, `e % ${depth}u`];
  return `
    for (var e = local; e < ${groups * depth}u; e += threads) {
      let g = ${g};
      let kk = ${kk};
      var four = vec4f();
      if (k0 + kk < end) { four = load_${name}(batch, ${name}_first + 4u * g, k0 + kk); }
      ${name}_tile[${at}] = four;
    }`;
}

const rows = ['x', 'y', 'z', 'w'] as const;

function shader({ a, b, finish }: Product, { down, across }: Tiling, type: string): string {
  const store = (to: string, four: string): string =>
    type === 'f32'
      ? `for (var j = 0u; j < 4u && column + j < uniforms.n; j++) { ${to}[at + j] = ${four}[j]; }`
      : `${to}[at / 4u] = ${four};`;
  return `
const threads = ${down * across}u;
var<workgroup> a_tile: array<vec4f, ${depth * (down + 1)}>;
var<workgroup> b_tile: array<vec4f, ${depth * (across + 1)}>;
${a.code}
${b.code}
${finish?.code ?? ''}
fn write(value: vec4f, plane: u32, row: u32, column: u32) {
  if (row >= uniforms.m || column >= uniforms.n) { return; }
  let whole = ${finish ? 'finished(value, column)' : 'value'};
  let at = (plane * uniforms.m + row) * uniforms.n + column;
  ${store('c', 'whole')}
${finish?.second ? `  let two = second(whole);\n  ${store('c2', 'two')}` : ''}
}
@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let number = index_of(group, groups, 0u, 1u);
  let wide = (uniforms.n + ${4 * across - 1}u) / ${4 * across}u;
  let tiles = (uniforms.m + ${4 * down - 1}u) / ${4 * down}u * wide;
  let batch = number / tiles % uniforms.batch;
  let part = number / tiles / uniforms.batch;
  if (part >= uniforms.parts) { return; }
  let a_first = number % tiles / wide * ${4 * down}u;
  let b_first = number % wide * ${4 * across}u;
  let a_group = local / ${across}u;
  let b_group = local % ${across}u;
  let end = min(uniforms.k, (part + 1u) * uniforms.part);
${rows.map((row) => `  var sum_${row} = vec4f();`).join('\n')}
  for (var k0 = part * uniforms.part; k0 < end; k0 += ${depth}u) {
${fill('a', a, down)}
${fill('b', b, across)}
    workgroupBarrier();
    for (var kk = 0u; kk < uniforms.depth; kk++) {
      let left = a_tile[kk * ${down + 1}u + a_group];
      let right = b_tile[kk * ${across + 1}u + b_group];
${rows.map((row) => `      sum_${row} = fma(vec4f(left.${row}), right, sum_${row});`).join('\n')}
    }
    workgroupBarrier();
  }
  let plane = part * uniforms.batch + batch;
  let row = a_first + 4u * a_group;
  let column = b_first + 4u * b_group;
${rows.map((row, i) => `  write(sum_${row}, plane, row + ${i}u, column);`).join('\n')}
}`;
}
