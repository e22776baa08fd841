import { Parameter } from '@tapgrad/core';
import { add, mul, ones, scalar, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { type BrokenPlugin, beside } from './test-broken-plugin.ts';
import { type Apply, healthy, made, type Perceptron, specOf } from './test-plugins.ts';

export const gradients: readonly BrokenPlugin[] = [
  {
    what: 'sends back a gradient that is not that of its forward',
    property: 'gradients',
    spec: () =>
      specOf(
        'crooked',
        beside(({ hooks }) => void hooks.tap('head:input').backward((gradient) => mul(gradient, 1.01))),
      ),
    message: /the gradient of \S+, element \d+, is \S+ by the tape, \S+ by central differences/,
  },
  {
    what: 'forgets the gradient of a parameter',
    property: 'gradients',
    spec: () =>
      specOf(
        'forgetful',
        beside(({ hooks }) => {
          hooks.gradients.step.tap((all) => new Map([...all].filter(([name]) => name !== 'head.bias')));
        }),
      ),
    message: /the gradient of head\.bias, element 0, is 0 by the tape/,
  },
  {
    what: 'trains nothing',
    property: 'gradients',
    spec: () => specOf('icy', ({ filterTrainable }) => filterTrainable(() => false)),
    message: /no parameter trains/,
  },
  {
    what: 'moves parameters that its declaration keeps',
    property: 'gradients',
    spec: () => specOf('restless', healthy, { gradients: { replaced: 'only the head learns', moves: ['head.*'] } }),
    message: /hidden\.weight moves, and should not/,
  },
  {
    what: 'has other gradients than its oracle',
    property: 'gradients',
    spec: () =>
      specOf('misjudged', () => undefined, {
        gradients: { replaced: 'ones', oracle: () => new Map([['head.bias', ones([2])]]) },
      }),
    message: /the gradient of head\.bias differs by \S+ of its norm from the oracle's/,
  },
];

const halved: Apply = ({ hooks }) => {
  hooks.save.for({ role: ['input', 'output'] }, (slot) =>
    slot.through({ pack: (x: Tensor) => mul(x, 0.5), unpack: (packed) => add(packed, 0), lossy: 'half' }),
  );
};

export const lossy: readonly BrokenPlugin[] = [
  {
    what: 'loses more than its bound',
    property: 'gradients',
    spec: () =>
      specOf('wasteful', halved, { gradients: { lossy: '?', bound: 0.1 }, declared: { lossy: { bound: '?' } } }),
    message: /the gradient differs by 0\.\d+ of its norm from that without lossy stages; the bound is 0\.1/,
    hook: 'save',
  },
  {
    what: 'loses without declaring it',
    property: 'gradients',
    spec: () => specOf('secretive', halved, { gradients: { lossy: 'half', bound: 1 } }),
    message: /the spec says lossy, and no plugin declares it/,
  },
  {
    what: 'loses bits that no stage confesses',
    property: 'gradients',
    spec: () =>
      specOf('sly', ({ hooks }) => {
        hooks.save.for({ role: ['input', 'output'] }, (slot) =>
          slot.through({ pack: (x: Tensor) => mul(x, 0.5), unpack: (packed) => add(packed, 0) }),
        );
      }),
    message: /the gradient of \S+, element \d+, is/,
  },
];

export const absence: readonly BrokenPlugin[] = [
  {
    what: 'does in apply what only a hook may do',
    property: 'off',
    spec: () =>
      specOf('hasty', ({ model }) => {
        tidy(() => (model as Perceptron).head.bias!.assign(tensor([1, -1])));
      }),
    message: /disabled, the loss of step 0 is \S+, expected \S+ as without the plugin/,
    hook: 'apply',
  },
  {
    what: 'does not let go when it is disabled in mid-run',
    property: 'off',
    spec: () =>
      specOf('clinging', ({ model, hooks }) => {
        const { head } = model as Perceptron;
        const { forward } = head;
        hooks.step.begin.tap(() => void (head.forward = (x: Tensor) => mul(forward.call(head, x), 2)));
        return { dispose: () => void (head.forward = forward) };
      }),
    message: /disabled after training, in prediction output, element 0, is \S+, expected \S+ as without the plugin/,
  },
  {
    what: 'learns while it is disabled',
    property: 'off',
    spec: () =>
      specOf('sleepless', ({ model, addParameter }) => {
        const { head } = model as Perceptron;
        const { forward } = head;
        const calls = addParameter('calls', new Parameter(zeros([1])));
        head.forward = (x: Tensor) => {
          tidy(() => calls.assign(add(calls.variable, 1)));
          return forward.call(head, x);
        };
        return { dispose: () => void (head.forward = forward) };
      }),
    message: /disabled, the plugin changed: sleepless\/calls, element 0, is 9, expected 5/,
  },
  {
    what: 'is not absent with its coefficient at 0',
    property: 'zero',
    spec: () =>
      specOf('lingering', healthy, {
        atZero: () =>
          made('lingering', ({ hooks }) => void hooks.loss.tap((terms) => ({ ...terms, more: scalar(1e-9) }))),
      }),
    message: /the loss of step 0 is \S+, expected \S+ as without the plugin/,
  },
  {
    what: 'leaves its mark on the model',
    property: 'detach',
    spec: () =>
      specOf('sticky', ({ model }) => {
        const { head } = model as Perceptron;
        const { forward } = head;
        head.forward = (x: Tensor) => mul(forward.call(head, x), 2);
      }),
    message: /attached and detached, the model does not compute as a fresh one with its values: loss/,
    hook: 'dispose',
  },
  {
    what: 'leaves a parameter frozen',
    property: 'detach',
    spec: () =>
      specOf('freezing', ({ model, hooks }) => {
        hooks.step.begin.tap(() => void model.eval());
      }),
    message: /detached after training, other parameters train, or another mode is set/,
  },
  {
    what: 'changes what it said is frozen',
    property: 'detach',
    spec: () =>
      specOf('drifting', ({ model, hooks, filterTrainable }) => {
        filterTrainable((name) => name !== 'hidden.bias');
        const bias = (model as Perceptron).hidden.bias!;
        hooks.update.after.tap(() => tidy(() => bias.assign(add(bias.variable, 1e-3))));
      }),
    message: /a parameter changed that does not train: hidden\.bias, element 0/,
  },
  {
    what: 'keeps a buffer when it is taken away',
    property: 'detach',
    spec: (left) => specOf('hoarding', () => void left.push(zeros([3]))),
    message: /attached and detached, 1 tensors and 1 buffers are left/,
    hook: 'dispose',
  },
];
