import { afterAll, beforeAll, describe, it } from 'vitest';
import { expectGradients } from './expected.ts';
import { type Consumer, installPacked } from './install.ts';

let consumer: Consumer;

beforeAll(async () => {
  consumer = await installPacked();
}, 300_000);

afterAll(() => consumer?.remove());

describe('the packed packages in Node', () => {
  it.each(['cpu', 'wasm'])('compute gradients on the %s backend', async (backend) => {
    expectGradients(JSON.parse(await consumer.node('in-node.js', backend)), backend);
  });
});
