import { backend } from '@tensorflow/tfjs-core';

const entry =
  /@compute @workgroup_size\((\w+)\)\nfn main\(((?:@builtin\(workgroup_id\) (\w+): vec3u, @builtin\(num_workgroups\) (\w+): vec3u, )?)@builtin\(local_invocation_index\) (\w+): u32\) \{/;

/** What invocations share, and so what an order can be wrong for. */
const shared = /var<workgroup>|atomic/;

/** How an invocation's number in its workgroup, and a workgroup's in the dispatch, become others. */
export type Order = 'reversed' | 'scrambled';

/**
 * From now on the own shaders that are compiled, and whose invocations share memory, number them and their workgroups in another order. Results must be the same. A software adapter runs
 * the invocations of a workgroup one register after the other, from the first to the last, and those of a register in step: where a barrier is missing it
 * computes what was meant, if the order happens to be right.
 * @returns how many shaders it were, and how to have them in order again
 */
export function reorderInvocations(order: Order): { readonly count: () => number; readonly restore: () => void } {
  const { device } = backend() as unknown as { device: GPUDevice };
  const create = device.createShaderModule.bind(device);
  let count = 0;
  device.createShaderModule = (descriptor) => {
    if (!shared.test(descriptor.code)) return create(descriptor);
    const code = descriptor.code.replace(entry, (_, size, groups, group, number, local) => {
      count++;
      const other = order === 'reversed' ? `${size} - 1u - given` : `(given * 37u + 11u) % ${size}`;
      const [given, before] = group
        ? [
            `@builtin(workgroup_id) given_group: vec3u, @builtin(num_workgroups) ${number}: vec3u, `,
            `let ${group} = ${number} - vec3u(1u) - given_group;`,
          ]
        : [groups, ''];
      return `@compute @workgroup_size(${size})
fn main(${given}@builtin(local_invocation_index) given: u32) {
  ${before}
  let ${local} = ${other};`;
    });
    return create({ ...descriptor, code });
  };
  const restore = () => {
    device.createShaderModule = create;
  };
  return { count: () => count, restore };
}
