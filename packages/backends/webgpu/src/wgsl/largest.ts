const size = 256;
/** Of a histogram of 11 bits. */
const bins = 2048;

/** Begins `main`, one workgroup a sample of `uniforms.width` elements: `first` of them, and the stretch from `start` to `end` that an invocation has. */
export const beginOfSample = `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let sample = group.y * groups.x + group.x;
  if (sample >= uniforms.samples) { return; }
  let first = sample * uniforms.width;
  let stretch = (uniforms.width + ${size - 1}u) / ${size}u;
  let start = first + min(local * stretch, uniforms.width);
  let end = first + min((local + 1u) * stretch, uniforms.width);`;

/** `before(mine, local)`: the sum of what the invocations before this one have. */
export const before = `
var<workgroup> sums: array<vec2u, ${size}>;
fn before(mine: vec2u, local: u32) -> vec2u {
  sums[local] = mine;
  for (var distance = 1u; distance < ${size}u; distance <<= 1u) {
    workgroupBarrier();
    var sum = sums[local];
    if (local >= distance) { sum += sums[local - distance]; }
    workgroupBarrier();
    sums[local] = sum;
  }
  return sums[local] - mine;
}`;

/**
 * A shader that takes the `uniforms.keep` elements of largest key of each of `uniforms.samples`, among equals the first, in the order
 * of elements. The smallest key that is taken is found digit by digit, 11, 11 and 10 bits at a time.
 * @param key body of a function of element `i` that returns an u32
 * @param take what is done with element `i`; `place` is where it comes in what is taken of all samples
 */
export function largest(key: string, take: string): string {
  return `
var<workgroup> histogram: array<atomic<u32>, ${bins}>;
var<workgroup> found: vec2u;
${before}
fn key_of(i: u32) -> u32 { ${key} }
${beginOfSample}
  // The digits found so far, and how many elements that begin with them are wanted.
  var threshold = 0u;
  var wanted = uniforms.keep;
  for (var round = 0u; round < 3u; round++) {
    let width = select(11u, 10u, round == 2u);
    let shift = select(21u - 11u * round, 0u, round == 2u);
    for (var bin = local; bin < ${bins}u; bin += ${size}u) { atomicStore(&histogram[bin], 0u); }
    workgroupBarrier();
    for (var i = start; i < end; i++) {
      let digits = key_of(i) >> shift;
      if (digits >> width == threshold) { atomicAdd(&histogram[digits & ((1u << width) - 1u)], 1u); }
    }
    workgroupBarrier();
    if (local == 0u) {
      var digit = (1u << width) - 1u;
      var left = wanted;
      for (; digit > 0u; digit--) {
        let inside = atomicLoad(&histogram[digit]);
        if (inside >= left) { break; }
        left -= inside;
      }
      found = vec2u((threshold << width) | digit, left);
    }
    let both = workgroupUniformLoad(&found);
    threshold = both.x;
    wanted = both.y;
  }
  var counts = vec2u();
  for (var i = start; i < end; i++) {
    let key = key_of(i);
    counts += vec2u(u32(key > threshold), u32(key == threshold));
  }
  var passed = before(counts, local);
  for (var i = start; i < end; i++) {
    let key = key_of(i);
    if (key > threshold || (key == threshold && passed.y < wanted)) {
      let place = sample * uniforms.keep + passed.x + min(passed.y, wanted);
      ${take}
    }
    passed += vec2u(u32(key > threshold), u32(key == threshold));
  }
}`;
}
