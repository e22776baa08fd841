/** Invocations of a workgroup that go over elements or words. */
export const flat = 256;

/** An entry point with one invocation for each of `uniforms.count` elements i. */
export function main(body: string): string {
  return `
@compute @workgroup_size(${flat})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${flat}u);
  if (i >= uniforms.count) { return; }
  ${body}
}`;
}
