import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { env } from '@tensorflow/tfjs-core';
import { bytesOf } from './kernel-module.ts';

const NAME = 'tapgrad:tfjs-backend-wasm-simd.wasm';

/**
 * Hands tfjs its binary out of this package, through the `fetch` that tfjs calls: no file to serve, no request, and no `data:` or `blob:`
 * URL that a content security policy would have to allow. Bundlers make the import a chunk of its own.
 *
 * @returns a function that puts the platform's `fetch` back.
 */
export async function serveEmbeddedBinary(): Promise<() => void> {
  const { tfjsSimdBase64 } = await import('./generated/tfjs-simd.ts');
  const { platform } = env();
  const { fetch } = platform;
  platform.fetch = async (path, init) =>
    path === NAME ? new Response(bytesOf(tfjsSimdBase64)) : fetch.call(platform, path, init);
  const paths = {
    'tfjs-backend-wasm.wasm': NAME,
    'tfjs-backend-wasm-simd.wasm': NAME,
    'tfjs-backend-wasm-threaded-simd.wasm': NAME,
  };
  setWasmPaths(paths, true);
  return () => {
    platform.fetch = fetch;
  };
}
