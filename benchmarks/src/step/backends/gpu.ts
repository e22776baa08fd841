// A name that bundlers do not follow: pages have WebGPU themselves.
const dawnPackage = 'webgpu';

/** WebGPU where the libraries look for it: the page's own, or in Node that of the package `webgpu` (Dawn). */
export async function provideGpu(): Promise<GPU> {
  if (globalThis.navigator?.gpu) return navigator.gpu;
  const dawn: { create(options: string[]): GPU; readonly globals: object } = await import(
    /* @vite-ignore */ dawnPackage
  );
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create([]);
  if (globalThis.navigator) Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  else globalThis.navigator = { gpu, userAgent: 'Node.js' } as Navigator; // Both are asked for by jax-js.
  return gpu;
}

/** What the adapter calls itself that every contestant is given. */
export async function adapterName(gpu: GPU): Promise<string> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('there is WebGPU here, but no adapter');
  const { description, vendor, architecture } = adapter.info;
  return description || [vendor, architecture].filter(Boolean).join(' ') || 'an adapter without a name';
}
