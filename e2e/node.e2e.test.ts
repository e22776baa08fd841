import { afterAll, beforeAll, describe, it } from 'vitest';
import { expectGradients } from './expected.ts';
import { type Consumer, installPacked } from './install.ts';

let consumer: Consumer;

beforeAll(async () => {
  consumer = await installPacked();
}, 300_000);

afterAll(() => consumer?.remove());

describe('the packed packages in Node', () => {
  it('compute gradients on the cpu backend', async () => {
    expectGradients(JSON.parse(await consumer.node('in-node.js')), 'cpu');
  });
});
