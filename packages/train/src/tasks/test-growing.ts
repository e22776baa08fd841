import { definePlugin, Parameter } from '@tapgrad/core';
import { add, fill, mul, type Tensor } from '@tensorflow/tfjs-core';

/** Has one more parameter with every task, and learns more slowly with every task that has ended. */
export const growing = definePlugin({
  name: 'growing',
  apply({ hooks, addParameter, remove, random }) {
    const parts: Parameter[] = [];
    let ended = 0;
    const grow = () => parts.push(addParameter(`part${parts.length}`, new Parameter(fill([6], 0.1 * parts.length))));
    const shrink = () => {
      parts.pop();
      remove(`part${parts.length}`);
    };
    hooks.task.begin.tap(({ task }) => {
      while (task && parts.length <= task.index) grow();
    });
    hooks.task.end.tap(() => void ended++);
    hooks.tap(':output').forward((logits) => parts.reduce<Tensor>((sum, part) => add(sum, part.read()), logits));
    hooks.gradients.step.tap((gradients) => {
      const scale = random('scale').next() / (1 + ended);
      return new Map([...gradients].map(([name, gradient]) => [name, mul(gradient, scale)]));
    });
    return {
      saveState: () => ({ json: { parts: parts.length, ended } }),
      reshape(json) {
        const { parts: count } = json as { parts: number };
        while (parts.length < count) grow();
        while (parts.length > count) shrink();
      },
      loadState({ json }) {
        ended = (json as { ended: number }).ended;
      },
    };
  },
});
