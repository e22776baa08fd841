import { expect, it } from 'vitest';
import { useWebgpu } from './index.ts';
import { offerLeast } from './test-least-device.ts';
import { reorderInvocations } from './test-order.ts';

// The kernels that take as many tensors at once as a device binds, and those whose workgroups share memory on every adapter. All others run so in
// the rows of @tapgrad/testing and in suites by describeOnBoth.
await offerLeast();
await useWebgpu();
const { count } = reorderInvocations('scrambled');
for (const name of ['adamw', 'add-n', 'clip', 'cross-entropy', 'cumulative', 'max-pool', 'segment-sum']) {
  await import(`./kernels/${name}.webgpu.test.ts`);
}

it('numbers the invocations that share memory in another order', () => {
  expect(count()).toBeGreaterThan(8);
});
