import {
  findHeld,
  findOwn,
  forHeld,
  held,
  laneAccumulate,
  laneBegin,
  laneCommon,
  laneProduct,
  laneStore,
  ofOwn,
} from '../wgsl/attention-lanes.ts';
import { keysSeen, operandsOf, queriesSeeing, type Sizes } from './attention-call.ts';

// What attention-forward.ts and attention-grad.ts compute, without workgroup memory: see docs/decisions/0012-webgpu-products.md.

/** Tokens whose sums a workgroup makes. */
export const laneRows = (lanes: number): number => 4 * lanes;

const sumsOf = (name: string, width: number): string => `\n  var ${name}: array<vec4f, ${width}>;`;

export function forwardByLanes(lanes: number, sizes: Sizes, mask: boolean): string {
  const { q, k, v, y } = operandsOf(sizes);
  return `${laneCommon([q, k, v, y], mask)}
${laneBegin('n', lanes)}
  var largest = vec4f(absent);
  var total = vec4f();${sumsOf('o', sizes.e)}${findOwn(q)}
  let end = ${keysSeen(laneRows(lanes))};
  for (var key = 0u; key < end; key += ${held}u) {${findHeld(k, 'key', lanes)}${findHeld(v, 'key', lanes)}
${laneProduct('s', q, k, lanes)}
    var peak = largest;
${forHeld(`s[i] = ${ofOwn((c) => `score(s[i][${c}], own + ${c}u, key + i)`)}; peak = max(peak, s[i]);`)}
    let kept = exp(largest - peak);
    largest = peak;
    total *= kept;
${forHeld('s[i] = exp(s[i] - peak); total += s[i];')}
${laneAccumulate('o', 's', v, lanes, 'o[x] * kept')}
  }
  let share = 1 / total;
${laneStore('o', y, 'share')}
  for (var c = 0u; c < 4u && own + c < uniforms.n; c++) {
    statistics[(batch * uniforms.heads + head) * uniforms.n + own + c] = vec2f(largest[c], total[c]);
  }
}`;
}

const rowCode = `
fn row_of(i: u32) -> vec4f { return rows[(batch * uniforms.heads + head) * uniforms.n + min(i, uniforms.n - 1u)]; }
fn probability(product: f32, i: u32, j: u32, known: vec4f) -> f32 {
  if (i >= uniforms.n || j >= uniforms.m) { return 0.0; }
  return exp(score(product, i, j) - known.x) / known.y;
}`;

export function queryByLanes(lanes: number, sizes: Sizes, mask: boolean): string {
  const { q, k, v, dy, dq } = operandsOf(sizes);
  const slope = ofOwn((c) => `probability(s[i][${c}], own + ${c}u, key + i, row${c}) * (t[i][${c}] - row${c}.z)`);
  return `${laneCommon([q, k, v, dy, dq], mask)}
${rowCode}
${laneBegin('n', lanes)}${sumsOf('g', sizes.d)}${findOwn(q)}${findOwn(dy)}
${[0, 1, 2, 3].map((c) => `  let row${c} = row_of(own + ${c}u);`).join('\n')}
  let end = ${keysSeen(laneRows(lanes))};
  for (var key = 0u; key < end; key += ${held}u) {${findHeld(k, 'key', lanes)}${findHeld(v, 'key', lanes)}
${laneProduct('s', q, k, lanes)}
${laneProduct('t', dy, v, lanes)}
${forHeld(`s[i] = ${slope};`)}
${laneAccumulate('g', 's', k, lanes)}
  }
${laneStore('g', dq, 'uniforms.scale')}
}`;
}

export function keyByLanes(
  lanes: number,
  sizes: Sizes,
  { mask, needK, needV }: { readonly mask: boolean; readonly needK: boolean; readonly needV: boolean },
): string {
  const { q, k, v, dy, dk, dv } = operandsOf(sizes);
  const keys = `
${laneProduct('t', v, dy, lanes)}
${forHeld('t[i] = s[i] * (t[i] - row_of(query + i).z);')}
${laneAccumulate('g', 't', q, lanes)}`;
  return `${laneCommon([q, k, dy, ...(needK ? [v, dk] : []), ...(needV ? [dv] : [])], mask)}
${rowCode}
${laneBegin('m', lanes)}${needK ? sumsOf('g', sizes.d) : ''}${needV ? sumsOf('h', sizes.e) : ''}${findOwn(k)}${needK ? findOwn(v) : ''}
  for (var query = ${queriesSeeing(held)}; query < uniforms.n; query += ${held}u) {${findHeld(q, 'query', lanes)}${findHeld(dy, 'query', lanes)}
${laneProduct('s', k, q, lanes)}
${forHeld(`let known = row_of(query + i); s[i] = ${ofOwn((c) => `probability(s[i][${c}], query + i, own + ${c}u, known)`)};`)}
${needV ? laneAccumulate('h', 's', dy, lanes) : ''}
${needK ? keys : ''}
  }
${needK ? laneStore('g', dk, 'uniforms.scale') : ''}
${needV ? laneStore('h', dv, '1.0') : ''}
}`;
}
