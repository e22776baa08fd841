import { TapgradError } from '@tapgrad/core';

/** The optional package for Node, as far as it is used here. */
interface DawnModule {
  create(options: string[]): GPU;
  readonly globals: object;
}

// A name that bundlers do not follow: pages have WebGPU themselves.
const dawnPackage = 'webgpu';

/**
 * WebGPU of this engine: `navigator.gpu` in browsers and Deno, Dawn from the optional package `webgpu` in Node.
 * @throws TapgradError `WEBGPU_UNSUPPORTED`
 */
export async function findGpu(): Promise<GPU> {
  const own = globalThis.navigator?.gpu;
  if (own) return own;
  if (!isNode()) throw unsupported('this engine has no navigator.gpu');
  const dawn = await loadDawn();
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create([]);
  // tfjs's backend asks `navigator.gpu` whether WebGPU is there. Node 20 has no navigator, later versions one without it.
  if (globalThis.navigator) Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  else Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true, writable: true });
  return gpu;
}

/** @param message what the engine lacks */
export function unsupported(message: string): TapgradError {
  return new TapgradError({
    code: 'WEBGPU_UNSUPPORTED',
    message,
    fix: 'use a browser with WebGPU over https or localhost (Chrome 127, Safari 26, Firefox 141 or later), a recent Deno, or the wasm backend',
  });
}

function isNode(): boolean {
  return typeof process === 'object' && process.versions?.node !== undefined && !('Deno' in globalThis);
}

async function loadDawn(): Promise<DawnModule> {
  try {
    return (await import(/* @vite-ignore */ dawnPackage)) as DawnModule;
  } catch (cause) {
    throw new TapgradError({
      code: 'WEBGPU_UNSUPPORTED',
      message: `Node has no WebGPU of its own, and the package webgpu cannot be loaded (${firstLineOf(cause)})`,
      fix: 'npm install webgpu, or use the wasm backend',
      cause,
    });
  }
}

/** Node adds guesses in further lines. */
function firstLineOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).split('\n', 1)[0] ?? '';
}
