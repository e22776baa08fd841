import { afterAll, beforeAll, describe, it } from 'vitest';
import { expectGradients, expectTraining } from './expected.ts';
import { type Consumer, installPacked } from './install.ts';

let consumer: Consumer;

beforeAll(async () => {
  consumer = await installPacked();
}, 300_000);

afterAll(() => consumer?.remove());

describe.each([
  { where: 'Node', flags: [] },
  { where: 'Node with code generation forbidden', flags: ['--disallow-code-generation-from-strings'] },
])('the packed packages in $where', ({ flags }) => {
  it.each(['cpu', 'wasm'])('compute gradients, and train with a plugin, on the %s backend', async (backend) => {
    const { gradients, training } = JSON.parse(await consumer.node(...flags, 'in-node.js', backend));
    expectGradients(gradients, backend);
    expectTraining(training, backend);
  });
});
