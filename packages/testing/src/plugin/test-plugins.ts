import {
  definePlugin,
  gelu,
  Module,
  Parameter,
  type Plugin,
  type PluginContext,
  type PluginDeclaration,
  type PluginInstance,
  randomStream,
} from '@tapgrad/core';
import { crossEntropy, Linear } from '@tapgrad/nn';
import { mul, ones, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { ModelSpec, PluginSpec, PluginUse } from './plugin-spec.ts';

export class Perceptron extends Module {
  readonly hidden = new Linear(3, 5, { random: randomStream(1, 'hidden') });
  readonly head = new Linear(5, 2, { random: randomStream(1, 'head') });

  override forward(x: Tensor): Tensor {
    return this.head.call(gelu(this.hidden.call(x)));
  }
}

/** Values `[4, 3]` to 2 classes. */
export const perceptron: ModelSpec = {
  name: 'perceptron',
  model: () => new Perceptron(),
  batch: (index) => ({
    inputs: tensor(randomStream(2, index).normal(12), [4, 3]),
    targets: tensor([0, 1, 1, 0], [4], 'int32'),
  }),
  loss: (outputs, batch) => crossEntropy(outputs as Tensor, batch),
};

export type Apply = (context: PluginContext<Record<string, never>>) => PluginInstance | void;

/** A plugin that is its `apply` alone. */
export function made(name: string, apply: Apply, declared: Omit<PluginDeclaration, 'name'> = {}): Plugin {
  return definePlugin({ name, ...declared, apply })();
}

/** A plugin that keeps every promise: it scales the hidden layer by a parameter of its own. */
export const healthy: Apply = ({ addParameter, hooks }) => {
  const scale = addParameter('scale', new Parameter(ones([5])));
  hooks.tap('hidden:output').forward((value) => mul(value, scale.read()));
};

/** A declaration with one use, on the perceptron. */
export function specOf(
  name: string,
  apply: Apply,
  {
    gradients = 'exact',
    declared = {},
    ...use
  }: { gradients?: PluginSpec['gradients']; declared?: Omit<PluginDeclaration, 'name'> } & Partial<PluginUse> = {},
): PluginSpec {
  return { name, gradients, uses: [{ on: perceptron, plugins: () => made(name, apply, declared), ...use }] };
}
