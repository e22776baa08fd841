import { fusedKernelsBase64, kernelsBase64 } from './generated/kernels.ts';

let compiled: WebAssembly.Module | undefined;
let compiling: Promise<void> | undefined;

/** Whether this engine has WebAssembly with SIMD. */
export function canRunKernels(): boolean {
  return typeof WebAssembly !== 'undefined' && WebAssembly.validate(bytesOf(kernelsBase64));
}

/** Compiles the own kernels without blocking. Harmless to call again. */
export function compileKernels(): Promise<void> {
  compiling ??= WebAssembly.compile(kernelBytes()).then((module) => {
    compiled ??= module;
  });
  return compiling;
}

/** The compiled own kernels; compiled now, blocking, if `compileKernels` was not awaited. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(kernelBytes());
  return compiled;
}

/** Matrix products with fused multiply-add take a fifth less time, where the engine has relaxed SIMD. */
function kernelBytes(): Uint8Array<ArrayBuffer> {
  allowRelaxedSimd();
  const fused = bytesOf(fusedKernelsBase64);
  return WebAssembly.validate(fused) ? fused : bytesOf(kernelsBase64);
}

interface NodeProcess {
  readonly versions?: { readonly v8?: string };
  getBuiltinModule?(name: 'node:v8'): { setFlagsFromString(flag: string): void };
}

/** Node 20's V8 has relaxed SIMD behind a flag, which may be set until a module is compiled; later ones have it without. */
function allowRelaxedSimd(): void {
  const { process } = globalThis as { process?: NodeProcess };
  if (!process?.versions?.v8?.startsWith('11.3.')) return;
  process.getBuiltinModule?.('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
}

/** Decodes base64. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
