import type { Tensor } from '@tensorflow/tfjs-core';
import type { Rule } from '../rules/registry.ts';

type GradientFunction = (dy: Tensor, saved: Tensor[]) => Tensor | Tensor[];

/** The rule of one call of `tf.customGrad`: saves what the user's function saved, differentiates as it says. */
export function customGradientRule(
  gradFunc: GradientFunction,
  saved: readonly Tensor[],
  inputs: readonly Tensor[],
  value: Tensor,
): { rule: Rule; aux: Record<string, Tensor> } {
  const aux: Record<string, Tensor> = {};
  const names = saved.map((tensor, index) => {
    if (tensor.id === value.id) return 'y';
    const input = inputs.findIndex((each) => each.id === tensor.id);
    if (input >= 0) return String(input);
    aux[`saved${index}`] = tensor;
    return `saved${index}`;
  });
  const rule: Rule = {
    inputs: 'variadic',
    saves: () => names,
    backward({ dy, saved: restored, count }) {
      const made = gradFunc(
        dy,
        names.map((name) => restored[name] as Tensor),
      );
      const gradients = Array.isArray(made) ? made : [made];
      return Object.fromEntries(Array.from({ length: count }, (_, i) => [String(i), () => gradients[i] as Tensor]));
    },
  };
  return { rule, aux };
}
