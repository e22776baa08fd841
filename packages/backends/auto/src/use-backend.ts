import { TapgradError } from '@tapgrad/core';

const starts = {
  wasm: async () => (await import('@tapgrad/backend-wasm')).useWasm(),
  webgpu: async () => (await import('@tapgrad/backend-webgpu')).useWebgpu(),
} as const;

export type BackendName = keyof typeof starts;
/** A backend, or `auto`: WebGPU where there is a GPU, else wasm. */
export type BackendChoice = BackendName | 'auto';
export const backendChoices: readonly BackendChoice[] = ['auto', ...(Object.keys(starts) as BackendName[])];

export interface BackendOptions {
  /** Default: what the environment variable `TAPGRAD_BACKEND` names; without it, `wasm`. */
  readonly backend?: BackendChoice | undefined;
  /** Is told in one sentence why `auto` did not take WebGPU. Default: `console.warn`. */
  readonly log?: (line: string) => void;
}

/**
 * Starts a backend and makes it the one that kernels run on. Only the code of backends that are tried is loaded.
 * @returns the backend that runs now
 * @throws TapgradError `BACKEND_UNKNOWN`; what `useWasm` and `useWebgpu` throw, but for `auto`, which goes on with wasm
 */
export async function useBackend({
  backend = fromEnvironment() ?? 'wasm',
  log = (line) => console.warn(line),
}: BackendOptions = {}): Promise<BackendName> {
  if (backend === 'auto') return useBestBackend(log);
  const start = Object.hasOwn(starts, backend) ? starts[backend] : undefined;
  if (!start) throw unknown(backend);
  await start();
  return backend;
}

async function useBestBackend(log: (line: string) => void): Promise<BackendName> {
  const { useWebgpu } = await import('@tapgrad/backend-webgpu');
  try {
    await useWebgpu({ softwareAdapter: false });
    return 'webgpu';
  } catch (thrown) {
    if (!(thrown instanceof TapgradError && thrown.code.startsWith('WEBGPU_'))) throw thrown;
    log(`tapgrad trains on WebAssembly, as WebGPU is not to be had here: ${thrown.reason}.`);
    await starts.wasm();
    return 'wasm';
  }
}

function fromEnvironment(): BackendChoice | undefined {
  try {
    const environment = typeof process === 'object' ? process.env : undefined;
    return (environment?.TAPGRAD_BACKEND || undefined) as BackendChoice | undefined;
  } catch {
    // Deno throws unless it was started with --allow-env.
    return undefined;
  }
}

function unknown(name: string): TapgradError {
  return new TapgradError({
    code: 'BACKEND_UNKNOWN',
    message: `there is no backend "${name}"`,
    fix: `choose one of ${backendChoices.join(', ')} (option backend, or TAPGRAD_BACKEND)`,
  });
}
