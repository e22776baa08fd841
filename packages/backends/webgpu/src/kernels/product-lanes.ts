import { countTiles, type Product, placeCode, type Sizes, type Tile, writeCode } from './product-spec.ts';

/** Numbers of the shared factor that a tile holds at one inner index: more are hardly faster, and compile longer. */
const held = { few: 8, many: 16 } as const;

/** A subgroup's tile. Each lane has four outer indices of one factor, and all see all outer indices of the other, `shared`. */
export interface LaneTile extends Tile {
  readonly lanes: number;
  readonly shared: 'a' | 'b';
}

/** The tile, of those that there are, with which least is computed in vain. */
export function laneTile(lanes: number, sizes: Sizes): LaneTile {
  const tiles = [held.many, held.few].flatMap((count): LaneTile[] => [
    { lanes, shared: 'a', rows: count, columns: 4 * lanes },
    { lanes, shared: 'b', rows: 4 * lanes, columns: count },
  ]);
  // With few numbers shared, the four of a lane are read for less.
  const cost = (tile: LaneTile): number =>
    countTiles(sizes, tile) * (Math.min(tile.rows, tile.columns) === held.few ? 0.7 : 1);
  return tiles.reduce((best, tile) => (cost(tile) < cost(best) ? tile : best));
}

/** Outer indices of the shared factor in a tile. */
export function sharedCount({ shared, rows, columns }: LaneTile): number {
  return shared === 'a' ? rows : columns;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/**
 * A product without workgroup memory: at each inner index each lane of a subgroup, which is a whole workgroup, reads four numbers of one factor and a
 * few of the other, and gets those that the other lanes read by broadcast. On a CPU lanes are one vector register: a read costs one
 * instruction a lane there, a broadcast one, and a barrier keeps all that invocations hold in memory.
 */
export function laneCode(spec: Product, tile: LaneTile): string {
  const { lanes, shared } = tile;
  const own = shared === 'a' ? 'b' : 'a';
  const count = sharedCount(tile);
  const reads = range(count / lanes);
  const element = (name: 'a' | 'b'): string => `
${spec[name].runs.code}
fn element_${name}(run: Run, i: u32) -> f32 {
  return select(0f, ${name}[run.at + i * ${spec[name].runs.step}], i - run.first < run.count);
}`;
  // A loop that compilers cannot unroll, as the code of `write` would stand there once for each.
  const writes =
    shared === 'a'
      ? `
  for (var i = 0u; i < min(uniforms.shared_count, uniforms.m - a_first); i++) { write(sums[i], plane, a_first + i, own_first); }`
      : `
  for (var i = 0u; i < min(uniforms.shared_count, uniforms.n - b_first); i += 4u) {
    let rows = transpose(mat4x4f(sums[i], sums[i + 1u], sums[i + 2u], sums[i + 3u]));
${range(4)
  .map((j) => `    write(rows[${j}], plane, own_first + ${j}u, b_first + i);`)
  .join('\n')}
  }`;
  return `
struct Run { at: u32, first: u32, count: u32 }
const endless = 0xffffffffu;
${element('a')}
${element('b')}
${writeCode(spec)}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
${placeCode(tile)}
  let own_first = ${own}_first + 4u * lane;
${range(count)
  .map((i) => `  var sum${i} = vec4f();`)
  .join('\n')}
  for (var k0 = part * uniforms.part; k0 < end; k0 += uniforms.run) {
${range(4)
  .map((j) => `    let own${j} = run_${own}(batch, own_first + ${j}u, k0);`)
  .join('\n')}
${reads.map((p) => `    let shared${p} = run_${shared}(batch, ${shared}_first + ${lanes * p}u + lane, k0);`).join('\n')}
    let length = min(uniforms.run, end - k0);
    for (var i = 0u; i < length; i++) {
      let four = vec4f(${range(4).map((j) => `element_${own}(own${j}, i)`)});
${reads.map((p) => `      let one${p} = element_${shared}(shared${p}, i);`).join('\n')}
${range(count)
  .map((i) => {
    const one = `subgroupBroadcast(one${Math.floor(i / lanes)}, ${i % lanes}u)`;
    return `      sum${i} = fma(vec4f(${one}), four, sum${i});`;
  })
  .join('\n')}
    }
  }
  var sums = array<vec4f, ${count}>(${range(count).map((i) => `sum${i}`)});
${writes}
}`;
}
