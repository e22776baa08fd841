import { add, keep, mul, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type BrokenPlugin, beside } from './test-broken-plugin.ts';
import { type Apply, type Perceptron, specOf } from './test-plugins.ts';

export const leaks: readonly BrokenPlugin[] = [
  {
    what: 'keeps a tensor of each step',
    property: 'leak',
    spec: (left) =>
      specOf(
        'greedy',
        beside(({ hooks }) => {
          hooks.tap('hidden:output').forward((value) => void left.push(keep(add(value, 1))));
        }),
      ),
    message: /step left 1 tensors and 1 buffers/,
    hook: 'tap(hidden:output)',
  },
  {
    what: 'frees in a hook that a failing step does not reach',
    property: 'leak',
    spec: (left) =>
      specOf('optimistic', ({ hooks }) => {
        let held: Tensor | undefined;
        hooks.batch.tap(() => void left.push((held = scalar(1))));
        hooks.update.after.tap(() => held?.dispose());
      }),
    message: /(evaluate|a step of two micro-batches) left \d tensors and \d buffers/,
    hook: 'batch',
  },
];

/** Counts the steps where no state knows of it. */
const counting =
  (count: { steps: number }): Apply =>
  ({ hooks }) => {
    hooks.step.begin.tap(() => void count.steps++);
    hooks.tap('hidden:output').forward((value) => mul(value, 1 + count.steps / 8));
  };

export const repetition: readonly BrokenPlugin[] = [
  {
    what: 'draws numbers that no seed reaches',
    property: 'determinism',
    spec: () => specOf('dicing', ({ hooks }) => void hooks.tap('hidden:output').forward((x) => mul(x, Math.random()))),
    message: /Math\.random was called/,
    hook: 'tap(hidden:output)',
  },
  {
    what: 'remembers the run before',
    property: 'determinism',
    spec: () => specOf('haunted', counting({ steps: 0 })),
    message: /in a second run with the same seed the loss of step 0 is/,
    hook: 'tap(hidden:output)',
  },
  {
    what: 'keeps state that it does not save',
    property: 'resume',
    spec: () => specOf('amnesic', (context) => counting({ steps: 0 })(context)),
    message: /resumed in a fresh stack, the loss of step 0 is \S+, expected \S+ as without the interruption/,
    hook: 'tap(hidden:output)',
  },
  {
    what: 'loads its state on top of what it has',
    property: 'resume',
    spec: () =>
      specOf('piling', (context) => {
        const count = { steps: 0 };
        counting(count)(context);
        return {
          saveState: () => ({ json: count.steps }),
          loadState: ({ json }) => void (count.steps += json as number),
        };
      }),
    message: /resumed in a stack that was trained on other data, the loss of step 0 is/,
    hook: 'tap(hidden:output)',
  },
];

export const faults: readonly BrokenPlugin[] = [
  {
    what: 'is left half-way by a fault of its own',
    property: 'faults',
    spec: () =>
      specOf('fragile', ({ hooks }) => {
        let depth = 0;
        hooks.tap('hidden:output').forward((value) => (depth++ === 0 ? undefined : mul(value, 2)));
        hooks.tap('head:output').forward(() => void depth--);
      }),
    message: /(the step after the fault has loss|the fault changed the state)/,
    hook: 'tap(hidden:output)',
  },
  {
    what: 'leaks when one of its hooks fails',
    property: 'faults',
    spec: (left) =>
      specOf('spilling', ({ hooks }) => {
        hooks.tap('hidden:output').forward((value) => void left.push(keep(add(value, 1))));
        hooks.tap('head:output').forward(() => void left.at(-1)?.dispose());
      }),
    message: /the fault left 1 tensors and 1 buffers/,
    hook: 'tap(hidden:output)',
  },
  {
    what: 'changes a parameter before the update',
    property: 'faults',
    spec: () =>
      specOf('early', ({ model, hooks }) => {
        const bias = (model as Perceptron).hidden.bias!;
        hooks.batch.tap(() => tidy(() => void bias.assign(add(bias.variable, 1e-3))));
        hooks.loss.tap(() => undefined);
      }),
    message: /the fault changed the state: hidden\.bias, element 0/,
    hook: 'loss',
  },
];
