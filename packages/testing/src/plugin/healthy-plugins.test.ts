import type { StackSnapshot } from '@tapgrad/core';
import { add, mul, type Tensor } from '@tensorflow/tfjs-core';
import { describe, it } from 'vitest';
import { testPlugin } from './plugin-tester.ts';
import { afterFirstTask } from './tasks.ts';
import { type Apply, healthy, made, perceptron, specOf } from './test-plugins.ts';

/** Halves every gradient: no gradient of the loss, but one that an oracle knows. */
const halving: Apply = ({ hooks }) => {
  hooks.gradients.step.tap((gradients) => new Map([...gradients].map(([name, each]) => [name, mul(each, 0.5)])));
};

/** Keeps 1 % less than it was given. */
const lossy: Apply = ({ hooks }) => {
  hooks.save.for({ role: ['input', 'output'] }, (slot) =>
    slot.through({ pack: (x: Tensor) => mul(x, 0.99), unpack: (packed) => add(packed, 0), lossy: '1 %' }),
  );
};

/** Keeps the stack as it was at first, and makes that again when a state is loaded. */
const remembering: Apply = ({ hooks, snapshotStack }) => {
  let first: StackSnapshot | undefined;
  hooks.step.begin.tap(() => {
    first ??= snapshotStack();
  });
  return {
    saveState: () => ({ tensors: first?.values ?? new Map() }),
    loadState({ tensors = new Map() }) {
      first?.dispose();
      first = tensors.size > 0 ? snapshotStack({ values: tensors }) : undefined;
    },
  };
};

const specs = [
  specOf('healthy', healthy, { atZero: () => made('healthy', () => undefined) }),
  specOf('remembering', remembering, { atZero: () => made('remembering', () => undefined) }),
  specOf('halving', halving, {
    gradients: {
      replaced: 'half of the gradient',
      moves: ['hidden.*', 'head.*'],
      oracle({ stack, batch }) {
        const { gradients, terms } = stack.gradientsOf(batch);
        for (const term of Object.values(terms)) term.dispose();
        const halves = new Map([...gradients].map(([name, each]) => [name, mul(each, 0.5)]));
        for (const each of gradients.values()) each.dispose();
        return halves;
      },
    },
  }),
  specOf('lossy', lossy, {
    gradients: { lossy: '1 % of what is kept', bound: 0.02 },
    declared: { lossy: { bound: '1 %' } },
  }),
  specOf('active in a first task', healthy, { on: afterFirstTask(perceptron) }),
];

describe('plugins that keep every promise pass', () => {
  for (const spec of specs) testPlugin(spec, { describe, it }, { pairsWith: specs });
});
