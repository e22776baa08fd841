import { type Ledger, type PluginContext, TapgradError } from '@tapgrad/core';
import { Tensor } from '@tensorflow/tfjs-core';
import type { ModelHead } from './head.ts';

type Context = Pick<PluginContext<unknown>, 'name' | 'hooks' | 'filterTrainable' | 'ledger'>;

/** What stands in the place of a head. */
export interface HeadReplacement {
  readonly plugin: string;
  /** What the names of those of its parameters begin with that tell classes apart and train; undefined if none do. */
  readonly classifier: string | undefined;
}

/** By the ledger, of which each stack has one. */
const replacements = new WeakMap<Ledger, HeadReplacement>();

/** What a plugin that was applied before has put in the place of the head. */
export function headReplacement({ ledger }: Pick<Context, 'ledger'>): HeadReplacement | undefined {
  return replacements.get(ledger);
}

/**
 * Puts what `make` gives of the head's input in the place of the head's output; the head's own where it gives nothing.
 * The head does not train.
 * @param classifier as in `HeadReplacement`, without the plugin's name
 * @throws TapgradError in forward: OUTPUT_KIND
 */
export function replaceHead(
  { name: plugin, hooks, filterTrainable, ledger }: Context,
  { path, width }: ModelHead,
  classifier: string | undefined,
  make: (features: Tensor) => Tensor | undefined,
): void {
  let features: unknown;
  hooks.tap(`${path}:input`).forward<unknown>((value) => {
    features = Array.isArray(value) ? value[0] : value;
  });
  hooks.tap(`${path}:output`).forward<unknown>(() => {
    const given = features;
    features = undefined;
    return make(checked(given, path, width));
  });
  filterTrainable((name) => (name === `${path}.weight` || name === `${path}.bias` ? false : undefined));
  replacements.set(ledger, { plugin, classifier: classifier && `${plugin}/${classifier}` });
}

function checked(value: unknown, path: string, width: number): Tensor {
  if (value instanceof Tensor && value.rank === 2 && value.shape[1] === width) return value;
  const found = value instanceof Tensor ? `a tensor of shape [${value.shape}]` : `a ${typeof value}`;
  throw new TapgradError({
    code: 'OUTPUT_KIND',
    message: `${path} is given ${found} where features [batch, ${width}] are needed`,
    fix: 'let `head` name the layer that takes one vector a sample',
  });
}
