import { registerAllKernels } from './kernels/register-all.ts';

registerAllKernels();

export { useWasm, type WasmOptions } from './use-wasm.ts';
