/**
 * Lanes of a subgroup on an adapter that computes on the CPU, where a subgroup is a vector register and a workgroup of so many invocations is one;
 * 0 on GPUs, and where the size is not fixed. Kernels that share values among lanes are many times faster there than by workgroup memory, as
 * each barrier keeps all that each invocation holds in memory; on a GPU workgroup memory is what is made for it.
 */
export function cpuLanes(device: GPUDevice, info: GPUAdapterInfo): number {
  const { isFallbackAdapter, subgroupMinSize: least = 0, subgroupMaxSize: most = 0 } = info;
  const fixed = isFallbackAdapter && device.features.has('subgroups') && least === most;
  return fixed && [4, 8].includes(most) ? most : 0;
}
