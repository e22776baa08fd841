import { offerLeast } from './test-least-device.ts';

// The kernels that take as many tensors at once as a device binds. All others are run on such a device by the rows of @tapgrad/testing.
await offerLeast();
await import('./kernels/adamw.webgpu.test.ts');
await import('./kernels/clip.webgpu.test.ts');
await import('./kernels/add-n.webgpu.test.ts');
