import {
  countTiles,
  four,
  type Operand,
  type Product,
  placeCode,
  type Sizes,
  type Tile,
  writeCode,
} from './product-spec.ts';

/** Inner indices of a tile. Shaders get it as a uniform too: a loop that compilers cannot unroll whole compiles four times as fast, no slower to run. */
export const depth = 16;

/** Rows and columns of a workgroup, each invocation making 4 x 4 numbers; a few rows or columns get tiles of few rows or columns. */
export function workgroupTile(sizes: Sizes): Tile {
  const { m, n } = sizes;
  if (m <= 8) return { rows: 8, columns: 128 };
  if (n <= 8) return { rows: 128, columns: 8 };
  const large = n <= 32 ? { rows: 128, columns: 32 } : m <= 32 ? { rows: 32, columns: 128 } : { rows: 64, columns: 64 };
  return countTiles(sizes, large) >= 32 ? large : { rows: 32, columns: 32 };
}

/** Fills a tile of one factor: `[inner][groups of four outer + 1]`, the one more against bank conflicts. */
function fill(name: 'a' | 'b', { tiles: { order } }: Operand, groups: number): string {
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

/** A product by tiles in workgroup memory and 4 x 4 numbers an invocation. */
export function tileCode(spec: Product, tile: Tile): string {
  const { a, b } = spec;
  const [down, across] = [tile.rows / 4, tile.columns / 4];
  return `
const threads = ${down * across}u;
var<workgroup> a_tile: array<vec4f, ${depth * (down + 1)}>;
var<workgroup> b_tile: array<vec4f, ${depth * (across + 1)}>;
${a.tiles.code}
${b.tiles.code}
${writeCode(spec)}
@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
${placeCode(tile)}
  let a_group = local / ${across}u;
  let b_group = local % ${across}u;
${four.map((row) => `  var sum_${row} = vec4f();`).join('\n')}
  for (var k0 = part * uniforms.part; k0 < end; k0 += ${depth}u) {
${fill('a', a, down)}
${fill('b', b, across)}
    workgroupBarrier();
    for (var kk = 0u; kk < uniforms.depth; kk++) {
      let left = a_tile[kk * ${down + 1}u + a_group];
      let right = b_tile[kk * ${across + 1}u + b_group];
${four.map((row) => `      sum_${row} = fma(vec4f(left.${row}), right, sum_${row});`).join('\n')}
    }
    workgroupBarrier();
  }
  let row = a_first + 4u * a_group;
  let column = b_first + 4u * b_group;
${four.map((row, i) => `  write(sum_${row}, plane, row + ${i}u, column);`).join('\n')}
}`;
}
