import { registerAllKernels } from './kernels/register-all.ts';

registerAllKernels();

export { useWebgpu, type WebgpuOptions } from './use-webgpu.ts';
