import { registerAllKernels } from './kernels/register-all.ts';

registerAllKernels();

export type { TrainingBackend } from './training-backend.ts';
export { useWebgpu, type WebgpuOptions } from './use-webgpu.ts';
