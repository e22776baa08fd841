import { expectNoLeak } from '@tapgrad/testing';
import { add, mul, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { customRule } from '../ops/custom-rule.ts';
import { record } from './gradients.ts';
import type { SlotPlan } from './slot.ts';

/** x², whose rule reads x in a scope that ends, and once more behind it. */
const squared = customRule<'x'>({
  name: 'squared',
  inputs: ['x'],
  forward: ({ x }) => mul(x as Tensor, x as Tensor),
  saves: () => ['x'],
  backward: ({ dy, saved }) => ({
    x() {
      const once = tidy(() => mul(dy, saved.x));
      return add(once, mul(dy, saved.x));
    },
  }),
});

it('a packed value that a rule reads in a scope of its own is there for the rest of the rule', () => {
  expectNoLeak(() => {
    const [x, two] = [tensor([1, 2, 3]), tensor(2)];
    const doubled = { pack: (value: Tensor) => mul(value, two), unpack: (packed: Tensor) => mul(packed, 0.5) };
    const plan = (slots: SlotPlan) => slots.through(doubled);
    const { value, tape } = record(() => sum(squared({ x })) as Tensor, { parameters: { x }, plan });
    tape.backward(value);
    expect(Array.from(tape.gradients.get('x')!.dataSync())).toEqual([2, 4, 6]);
    tape.dispose();
    for (const each of [x, two, value]) each.dispose();
  });
});
