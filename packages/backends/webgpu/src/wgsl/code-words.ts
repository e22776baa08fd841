/** `code_at(k)`: code k of `words`. */
export function codeAt(bits: number): string {
  const across = `
  if (shift + ${bits}u > 32u) { code |= words[at / 32u + 1u] << (32u - shift); }`;
  return `
fn code_at(k: u32) -> u32 {
  let at = k * ${bits}u;
  let shift = at % 32u;
  var code = words[at / 32u] >> shift;${32 % bits === 0 ? '' : across}
  return code & ${2 ** bits - 1}u;
}`;
}

/**
 * `apart(x)`: x, rounded, where compilers would make one operation of a product and a sum, rounded once. `uniforms.zero` is
 * 0, which they cannot know.
 */
export const apart = `
fn apart(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) ^ uniforms.zero); }`;
