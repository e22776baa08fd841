import { type Operand, scoreCode } from './attention-tiles.ts';

/** Tokens of the other operand that a workgroup sees at a time. */
export const held = 16;

// A workgroup is one subgroup. Each lane has four tokens of its own, as the components of vectors, and all lanes see the `held` others, which they
// read in shares and hand on. Widths are uniforms, so that compilers cannot unroll loops over them.

/** Of which uniform the width of a buffer's heads is. */
const widths: Readonly<Record<string, 'd' | 'e'>> = {
  q: 'd',
  k: 'd',
  dq: 'd',
  dk: 'd',
  v: 'e',
  y: 'e',
  dy: 'e',
  dv: 'e',
};
const width = ({ buffer }: Operand): string => `uniforms.${widths[buffer]}`;

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const reads = (lanes: number): number[] => range(held / lanes);

/** For each of the tokens held, `i`, in a loop: compilers take long for code that stands there once for each. */
export function forHeld(code: string): string {
  return `    for (var i = 0u; i < uniforms.held; i++) { ${code} }`;
}

function eachHeld(line: (i: number) => string): string {
  return range(held)
    .map((i) => `    ${line(i)}`)
    .join('\n');
}

/** A vector of what `component` gives of the four tokens of a lane. */
export function ofOwn(component: (c: number) => string): string {
  return `vec4f(${range(4).map(component).join(', ')})`;
}

/** What the lane that read it holds of the i-th token. */
function handedOn(name: string, i: number, lanes: number): string {
  return `subgroupBroadcast(${name}${Math.floor(i / lanes)}, ${i % lanes}u)`;
}

/** `score` and, of each operand, `at_buffer(token)`: where a token, or the last one instead of one beyond, begins in this workgroup's head. */
export function laneCommon(operands: readonly Operand[], mask: boolean): string {
  const at = (operand: Operand): string => `
fn at_${operand.buffer}(token: u32) -> u32 {
  let tokens = uniforms.${operand.tokens};
  return ((batch * tokens + min(token, tokens - 1u)) * uniforms.heads + head) * ${width(operand)};
}`;
  return `${scoreCode(mask)}${operands.map(at).join('')}`;
}

/** Begins `main`: which head and batch this workgroup has, and the first token of this lane's own, `own`. */
export function laneBegin(tokens: 'n' | 'm', lanes: number): string {
  return `
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let w = group.y * groups.x + group.x;
  let tiles = (uniforms.${tokens} + ${4 * lanes - 1}u) / ${4 * lanes}u;
  let which = w / tiles;
  if (which >= uniforms.batches * uniforms.heads) { return; }
  batch = which / uniforms.heads;
  head = which % uniforms.heads;
  let first = w % tiles * ${4 * lanes}u;
  let own = first + 4u * lane;`;
}

/** Where the lane's own tokens of an operand begin. */
export function findOwn({ buffer }: Operand): string {
  return range(4)
    .map((c) => `\n  let own_${buffer}${c} = at_${buffer}(own + ${c}u);`)
    .join('');
}

/** Where the tokens from `start` on that this lane reads for all begin. */
export function findHeld({ buffer }: Operand, start: string, lanes: number): string {
  return reads(lanes)
    .map((p) => `\n    let held_${buffer}${p} = at_${buffer}(${start} + ${lanes * p}u + lane);`)
    .join('');
}

const readHeld = (buffer: string, lanes: number): string =>
  reads(lanes)
    .map((p) => `let one${p} = ${buffer}[held_${buffer}${p} + x];`)
    .join(' ');

/** The array `into`: of each token held of \`b\`, its products with the lane's own of \`a\`. */
export function laneProduct(into: string, a: Operand, b: Operand, lanes: number): string {
  return `
${eachHeld((i) => `var ${into}_${i} = vec4f();`)}
    for (var x = 0u; x < ${width(a)}; x++) {
      let mine = ${ofOwn((c) => `${a.buffer}[own_${a.buffer}${c} + x]`)};
      ${readHeld(b.buffer, lanes)}
${eachHeld((i) => `${into}_${i} = fma(vec4f(${handedOn('one', i, lanes)}), mine, ${into}_${i});`)}
    }
    var ${into} = array<vec4f, ${held}>(${range(held).map((i) => `${into}_${i}`)});`;
}

/** Adds, to the sums of the lane's own tokens, each of `values` times the token held of \`b\` that it belongs to. */
export function laneAccumulate(sums: string, values: string, b: Operand, lanes: number, start = `${sums}[x]`): string {
  return `
    for (var x = 0u; x < ${width(b)}; x++) {
      ${readHeld(b.buffer, lanes)}
      var sum = ${start};
${eachHeld((i) => `sum = fma(vec4f(${handedOn('one', i, lanes)}), ${values}[${i}], sum);`)}
      ${sums}[x] = sum;
    }`;
}

/** Writes the sums of the lane's own tokens, times `factor`. */
export function laneStore(sums: string, to: Operand, factor: string): string {
  return `
  for (var x = 0u; x < ${width(to)}; x++) {
    let whole = ${sums}[x] * ${factor};
${range(4)
  .map(
    (c) =>
      `    if (own + ${c}u < uniforms.${to.tokens}) { ${to.buffer}[at_${to.buffer}(own + ${c}u) + x] = whole[${c}]; }`,
  )
  .join('\n')}
  }`;
}
