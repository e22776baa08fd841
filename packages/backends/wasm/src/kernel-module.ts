import { kernelsBase64 } from './generated/kernels.ts';

let compiled: WebAssembly.Module | undefined;
let compiling: Promise<void> | undefined;

/** Compiles the own kernels without blocking. Harmless to call again. */
export function compileKernels(): Promise<void> {
  compiling ??= WebAssembly.compile(bytesOf(kernelsBase64)).then((module) => {
    compiled ??= module;
  });
  return compiling;
}

/** The compiled own kernels; compiled now, blocking, if `compileKernels` was not awaited. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(bytesOf(kernelsBase64));
  return compiled;
}

/** Decodes base64. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
