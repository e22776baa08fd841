import { findGpu } from './find-gpu.ts';

/**
 * From now on adapters offer no optional feature and the standard's least limits, as those of small GPUs do: 8 storage buffers a stage, workgroups of 256
 * invocations and 16 KiB. Before the first `useWebgpu`.
 */
export async function offerLeast(): Promise<void> {
  const gpu = await findGpu();
  const requestAdapter = gpu.requestAdapter.bind(gpu);
  const device = await (await requestAdapter())!.requestDevice();
  const { limits } = device;
  device.destroy();
  gpu.requestAdapter = async (options) => {
    const adapter = await requestAdapter(options);
    if (!adapter) return adapter;
    return new Proxy(adapter, {
      get(target, name) {
        if (name === 'features') return new Set();
        if (name === 'limits') return limits;
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
}
