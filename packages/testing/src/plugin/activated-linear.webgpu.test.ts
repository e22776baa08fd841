import { useWebgpu } from '@tapgrad/backend-webgpu';
import { testActivatedLinear } from './test-activated-linear.ts';

await useWebgpu();

testActivatedLinear('tapgrad.Silu', 1e-5);
