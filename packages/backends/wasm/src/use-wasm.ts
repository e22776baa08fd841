import { TapgradError } from '@tapgrad/core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { env, ready, setBackend } from '@tensorflow/tfjs-core';
import { serveEmbeddedBinary } from './embedded-binary.ts';
import { canRunKernels, compileKernels } from './kernel-module.ts';
import { BACKEND } from './register.ts';

export interface WasmOptions {
  /** Where tfjs's .wasm files are, as tfjs's `setWasmPaths` takes it. By default nothing has to be served: the binary travels in the package. */
  readonly wasmPaths?: Parameters<typeof setWasmPaths>[0];
}

let starting: Promise<void> | undefined;

// Own kernels work in the heap of tfjs's single-threaded SIMD binary, also where tfjs would choose the threaded one.
env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);

/**
 * Makes wasm the backend and waits until it is ready. May be called any number of times.
 *
 * @throws TapgradError `WASM_UNSUPPORTED` without WebAssembly SIMD, `WASM_START` if the backend does not start.
 */
export async function useWasm(options: WasmOptions = {}): Promise<void> {
  starting ??= start(options).catch((cause: unknown) => {
    starting = undefined;
    throw cause;
  });
  await starting;
  await setBackend(BACKEND);
  await ready();
}

async function start({ wasmPaths }: WasmOptions): Promise<void> {
  if (!canRunKernels()) {
    throw new TapgradError({
      code: 'WASM_UNSUPPORTED',
      message: 'this JavaScript engine has no WebAssembly SIMD',
      fix: "use Node 20 or a browser of 2023 or later, or tfjs's cpu backend",
    });
  }
  await compileKernels();
  if (wasmPaths !== undefined) setWasmPaths(wasmPaths);
  const stopServing = wasmPaths === undefined ? await serveEmbeddedBinary() : undefined;
  try {
    if (!(await setBackend(BACKEND))) {
      throw new TapgradError({
        code: 'WASM_START',
        message: "tfjs's wasm backend did not start; the console says why",
        fix: "where a content security policy is set, allow script-src 'wasm-unsafe-eval'",
      });
    }
    await ready();
  } finally {
    stopServing?.();
  }
}
