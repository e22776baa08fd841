// Compiled, not run: the published declarations must not decay to `any`.
import { attach, definePlugin, valueAndGrad } from '@tapgrad/core';
import { Linear, meanSquaredError } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import type { Tensor } from '@tensorflow/tfjs-core';

declare const x: Tensor;

const { gradients } = valueAndGrad(() => x, { x });
export const gradient: Tensor = gradients.x;
// @ts-expect-error a gradient is a tensor
export const wrongGradient: number = gradients.x;
// @ts-expect-error no parameter is called y
export const unknownParameter = gradients.y;

const plugin = definePlugin({
  name: 'typed',
  apply({ hooks }) {
    hooks.gradients.step.tap((all) => {
      // @ts-expect-error a map by name
      all.push(1);
    });
    // @ts-expect-error there is no such hook
    hooks.nothing.tap(() => {});
  },
});

const stack = attach(new Linear(2, 1), [plugin()], {
  loss: meanSquaredError,
  optimizer: adamw({ learningRate: 1e-3 }),
});
// @ts-expect-error a step is given a batch
void stack.step(1);
