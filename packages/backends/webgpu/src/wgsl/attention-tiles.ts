/** Rows and columns of a tile of scores. */
export const tile = 32;
/** Invocations of a workgroup: one a vector of four floats of a tile of 32 rows and 32 columns. */
export const size = 256;
/** Vectors between two rows of a tile of operands; odd, so that 8 neighbours hit different banks of the memory. */
const stride = 9;
/** Floats between two rows of the tile of scores. */
const scoreStride = 33;

// Loops over a tile have a uniform as their bound: unrolled, these shaders take a software adapter minutes to compile.

/** A buffer `[batch, tokens, heads * width]`. */
export interface Operand {
  readonly buffer: string;
  /** Name of the uniform with its number of tokens. */
  readonly tokens: 'n' | 'm';
  /** Of one head. */
  readonly width: number;
}

/** Whether buffers of such heads can be read and written four floats at a time. */
export function inVectors(...widths: readonly number[]): boolean {
  return widths.every((width) => width % 4 === 0);
}

const position = ({ tokens, width }: Operand) =>
  `((batch * uniforms.${tokens} + token) * uniforms.heads + head) * ${width}u + 4u * x`;
const isInside = ({ tokens, width }: Operand) => `token < uniforms.${tokens} && 4u * x < ${width}u`;

/** `load_buffer(token, x)`: vector x of a token in this workgroup's head, 0 outside. */
export function loader(operand: Operand, vectors: boolean): string {
  const { buffer, width } = operand;
  const scalar = (i: number) =>
    i === 0 ? `${buffer}[at]` : `select(0.0, ${buffer}[at + ${i}u], 4u * x + ${i}u < ${width}u)`;
  return `
fn load_${buffer}(token: u32, x: u32) -> vec4f {
  if (!(${isInside(operand)})) { return vec4f(); }
  let at = ${position(operand)};
  return ${vectors ? `${buffer}[at / 4u]` : `vec4f(${[0, 1, 2, 3].map(scalar).join(', ')})`};
}`;
}

/** `store_buffer(token, x, value)`. */
export function storer(operand: Operand, vectors: boolean): string {
  const { buffer, width } = operand;
  const scalar = (i: number) => `if (4u * x + ${i}u < ${width}u) { ${buffer}[at + ${i}u] = value[${i}]; }`;
  return `
fn store_${buffer}(token: u32, x: u32, value: vec4f) {
  if (!(${isInside(operand)})) { return; }
  let at = ${position(operand)};
  ${vectors ? `${buffer}[at / 4u] = value;` : [0, 1, 2, 3].map(scalar).join(' ')}
}`;
}

/**
 * Scores: scale * q·k, mask and causal mask added, as core's composed form adds them. A key that is not there has a score that no exponential
 * survives. `batch` and `head` are this workgroup's.
 */
export function scoreCode(mask: boolean): string {
  return `
var<private> batch: u32;
var<private> head: u32;
const absent = -3.0e38;
fn score(product: f32, i: u32, j: u32) -> f32 {
  if (j >= uniforms.m) { return absent; }
  var s = product * uniforms.scale;
  ${mask ? 'if (i < uniforms.n) { s += mask[batch * uniforms.mb + head * uniforms.mh + i * uniforms.mi + j * uniforms.mj]; }' : ''}
  if (uniforms.causal != 0u && j + uniforms.n > i + uniforms.m) { s -= 1.0e9; }
  return s;
}`;
}

/** Memory of a workgroup, and scores. */
export function common(mask: boolean): string {
  return `
var<workgroup> left: array<vec4f, ${tile * stride}>;
var<workgroup> right: array<vec4f, ${tile * stride}>;
var<workgroup> scores: array<f32, ${tile * scoreStride}>;
${scoreCode(mask)}`;
}

/** Begins `main`: which tile, head and batch this workgroup has, and what of a tile an invocation has. */
export function begin(tokens: 'n' | 'm'): string {
  return `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let w = group.y * groups.x + group.x;
  let tiles = (uniforms.${tokens} + ${tile - 1}u) / ${tile}u;
  let which = w / tiles;
  if (which >= uniforms.batches * uniforms.heads) { return; }
  batch = which / uniforms.heads;
  head = which % uniforms.heads;
  let first = (w % tiles) * ${tile}u;
  // Of a tile of scores, four: rows r and r + 16, columns c and c + 16. Of a tile of operands, vector \`lane\` of row \`row\`.
  let r = local >> 4u;
  let c = local & 15u;
  let row = local >> 3u;
  let lane = local & 7u;`;
}

/** `into`: the four products of rows from \`rows\` on of \`a\` with rows from \`columns\` on of \`b\`. Ends with a barrier. */
export function product(into: string, a: Operand, rows: string, b: Operand, columns: string): string {
  const chunks = Math.ceil(a.width / tile);
  return `
    var ${into} = vec4f();
    for (var x = 0u; x < ${chunks * 8}u; x += 8u) {
      left[row * ${stride}u + lane] = load_${a.buffer}(${rows} + row, x + lane);
      right[row * ${stride}u + lane] = load_${b.buffer}(${columns} + row, x + lane);
      workgroupBarrier();
      for (var v = 0u; v < uniforms.tile / 4u; v++) {
        let a0 = left[r * ${stride}u + v];
        let a1 = left[(r + 16u) * ${stride}u + v];
        let b0 = right[c * ${stride}u + v];
        let b1 = right[(c + 16u) * ${stride}u + v];
        ${into} += vec4f(dot(a0, b0), dot(a0, b1), dot(a1, b0), dot(a1, b1));
      }
      workgroupBarrier();
    }`;
}

/** Of each of an invocation's four places in a tile of scores: `value(k, i, j)`, in row i and column j. */
export function four(value: (k: number, i: string, j: string) => string): string[] {
  return [0, 1, 2, 3].map((k) => value(k, k < 2 ? 'r' : '(r + 16u)', k % 2 === 0 ? 'c' : '(c + 16u)'));
}

/** Writes the tile of scores. */
export function writeScores(value: (k: number, i: string, j: string) => string): string {
  const writes = four((k, i, j) => `scores[${i} * ${scoreStride}u + ${j}] = ${value(k, i, j)};`);
  return `
    ${writes.join('\n    ')}
    workgroupBarrier();`;
}

/** Score j of this invocation's row. */
export const scoreOf = (j: string) => `scores[row * ${scoreStride}u + ${j}]`;

/** Names of the vectors of a row that an invocation adds up: `name0`, `name1`, …, one for each 32 floats of a head. */
export const sums = (name: string, width: number) =>
  Array.from({ length: Math.ceil(width / tile) }, (_, i) => `${name}${i}`);

export const declareSums = (name: string, width: number) =>
  sums(name, width)
    .map((each) => `var ${each} = vec4f();`)
    .join(' ');

/** Adds, to the sums of a row, each score times the row of \`b\` that it belongs to. Ends with a barrier. */
export function accumulate(name: string, b: Operand, columns: string): string {
  return sums(name, b.width)
    .map(
      (sum, i) => `
    right[row * ${stride}u + lane] = load_${b.buffer}(${columns} + row, ${8 * i}u + lane);
    workgroupBarrier();
    for (var j = 0u; j < uniforms.tile; j++) { ${sum} += ${scoreOf('j')} * right[j * ${stride}u + lane]; }
    workgroupBarrier();`,
    )
    .join('');
}

export function storeSums(name: string, to: Operand, factor = ''): string {
  return sums(name, to.width)
    .map((sum, i) => `store_${to.buffer}(first + row, ${8 * i}u + lane, ${sum}${factor});`)
    .join('\n  ');
}
