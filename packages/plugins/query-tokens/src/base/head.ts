import { type PluginContext, TapgradError } from '@tapgrad/core';
import { type BlockStack, Linear } from '@tapgrad/nn';
import { Tensor } from '@tensorflow/tfjs-core';
import { blockWidths } from './block-widths.ts';

type Context = Pick<PluginContext<unknown>, 'hooks' | 'model'>;

/** Width of the pooled features: of the head's input, or `otherwise` in a model without a linear head. */
export function pooledWidth({ model }: Pick<Context, 'model'>, at: string, otherwise: () => number): number {
  const head = model.namedModules().get(at);
  return head instanceof Linear ? head.inFeatures : otherwise();
}

/** Width of what leaves the last block. */
export function lastWidth(stacks: readonly BlockStack[], given?: number): number {
  const last = stacks.at(-1)?.blocks.at(-1);
  return blockWidths(last as NonNullable<typeof last>, given).width;
}

/**
 * Puts a new linear classifier in the place of the model's head.
 * @throws TapgradError TOKENS_HEAD_TAKEN
 */
export function addClassifier<O>(
  context: PluginContext<O>,
  { at, classes, otherwise }: { readonly at: string; readonly classes: number; otherwise(): number },
): void {
  const other = [...context.parameters().keys()].find((name) => name.endsWith('/classifier.weight'));
  if (other) {
    throw new TapgradError({
      code: 'TOKENS_HEAD_TAKEN',
      message: `${other.slice(0, other.indexOf('/'))} has put a new classifier in the place of ${at} already`,
      fix: "ask one plugin for `head: { classes }`, and let the others be given head: 'model'",
    });
  }
  const width = pooledWidth(context, at, otherwise);
  const classifier = new Linear(width, classes, { random: context.random('classifier') });
  context.addModule('classifier', classifier);
  replaceHead(context, { at, width }, (pooled) => classifier.call(pooled));
}

/**
 * Puts `make` in the place of the model's head, the module `at`: it is given what the head would get, `[batch, width]`.
 * In a model without a head that is what the model returns.
 * @throws TapgradError in forward: TOKENS_HEAD
 */
export function replaceHead(
  { hooks, model }: Context,
  { at, width }: { readonly at: string; readonly width: number },
  make: (pooled: Tensor) => Tensor,
): void {
  const checked = (given: unknown) => make(pooled(given, at, width));
  if (!model.namedModules().has(at)) {
    hooks.tap(':output').forward<unknown>(checked);
    return;
  }
  let given: unknown;
  hooks.tap(`${at}:input`).forward<unknown>((value) => {
    given = Array.isArray(value) ? value[0] : value;
  });
  hooks.tap(`${at}:output`).forward<unknown>(() => checked(given));
}

function pooled(value: unknown, at: string, width: number): Tensor {
  if (value instanceof Tensor && value.rank === 2 && value.shape[1] === width) return value;
  const found = value instanceof Tensor ? `a tensor of shape [${value.shape}]` : `a value of type ${typeof value}`;
  throw new TapgradError({
    code: 'TOKENS_HEAD',
    message: `a new classifier needs pooled features [batch, ${width}], and the model has ${found} at ${at}`,
    fix: 'let `at` name the linear layer whose input is one vector a sample, or let the model return that vector',
  });
}
