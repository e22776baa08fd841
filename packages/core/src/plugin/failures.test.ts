import { expectNoLeak } from '@tapgrad/testing';
import { expect, it } from 'vitest';
import { attach, definePlugin, type PluginInstance, type Stack } from '../index.ts';
import { Mlp, meanSquaredError, plainSgd } from './test-model.ts';

let failing = false;

function fault(): void {
  if (failing) throw new Error('a fault');
}

const faulty = definePlugin({
  name: 'faulty',
  apply({ filterTrainable }): PluginInstance {
    filterTrainable(() => void fault());
    return {
      saveState() {
        fault();
        return {};
      },
      loadState: fault,
      dispose: fault,
    };
  },
});

it.each<[hook: string, use: (stack: Stack) => () => void]>([
  ['filterTrainable', (stack) => () => stack.trainableParameters()],
  ['state.save', (stack) => () => stack.state()],
  [
    'state.load',
    (stack) => {
      const state = stack.state();
      return () => stack.loadState(state);
    },
  ],
  ['dispose', (stack) => () => stack.detach()],
])('a fault in %s is named after plugin and place, and leaves nothing', (hook, use) => {
  expectNoLeak(() => {
    const model = new Mlp();
    const stack = attach<unknown>(model, [faulty()], { loss: meanSquaredError, optimizer: plainSgd() });
    const failingUse = use(stack);
    failing = true;
    expect(failingUse).toThrow(
      expect.objectContaining({ code: 'HOOK_FAILED', plugin: 'faulty', hook, reason: 'a fault' }),
    );
    failing = false;
    stack.detach();
    model.dispose();
  });
});

it('a plugin that fails in dispose does not keep the others from it', () => {
  const others: string[] = [];
  const other = (name: string) => definePlugin({ name, apply: () => ({ dispose: () => void others.push(name) }) })();
  const model = new Mlp();
  const options = { loss: meanSquaredError, optimizer: plainSgd() };
  const stack = attach<unknown>(model, [other('first'), faulty(), other('last')], options);
  failing = true;
  expect(() => stack.detach()).toThrow(expect.objectContaining({ plugin: 'faulty', hook: 'dispose' }));
  failing = false;
  expect(others).toEqual(['last', 'first']);
  attach<unknown>(model, [], options).detach();
  model.dispose();
});

it('an optimizer that fails at attach leaves the model to another stack', () => {
  expectNoLeak(() => {
    const model = new Mlp();
    const optimizer = { ...plainSgd(), state: fault };
    failing = true;
    expect(() => attach(model, [], { loss: meanSquaredError, optimizer: optimizer as never })).toThrow('a fault');
    failing = false;
    attach(model, [], { loss: meanSquaredError, optimizer: plainSgd() }).detach();
    model.dispose();
  });
});
