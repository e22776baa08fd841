import { useWasm } from '@tapgrad/backend-wasm';
import { describe, expect, it } from 'vitest';
import { antiTransfer, ewc, featureDistillation, lwf, onlineEwc, si } from './index.ts';
import { Learner, SmallNet } from './test-streams.ts';

await useWasm();

/** Optimizers write in place here: what is kept of a parameter must not share its buffer. */
describe('anchors and teachers stay where they are while optimizers write in place', () => {
  it.each([
    ['ewc', ewc()],
    ['online-ewc', onlineEwc()],
    ['si', si({ c: 1, nonNegative: true })],
    ['lwf', lwf({ form: 'kl' })],
    ['feature-distillation', featureDistillation()],
  ])('%s', async (name, plugin) => {
    const each = new Learner([plugin]);
    await each.learn(0);
    await each.begin(1);
    expect(each.gradients(1).terms[name]).toBeCloseTo(0, 6);
    for (let i = 0; i < 3; i++) await each.step(1, i);
    expect(each.gradients(1).terms[name]).toBeGreaterThan(1e-6);
    each.dispose();
  });
});

it('anti-transfer makes features less alike', async () => {
  const each = new Learner([antiTransfer({ network: () => new SmallNet(), at: 'hidden', beta: 5 })]);
  const before = each.gradients(0).terms['anti-transfer'] ?? 0;
  for (let i = 0; i < 10; i++) await each.step(0);
  expect(each.gradients(0).terms['anti-transfer']).toBeLessThan(before);
  each.dispose();
});
