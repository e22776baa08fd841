import { type Stack, type StackState, TapgradError } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { PrefixNetwork } from './prefix-source.ts';

/** A state of a stack's plugins in which prefixes are tables. It outlives the stack. */
export interface FoldedPrefix {
  /** For `loadState` of a stack with the same plugins, `prefixTokens` with `parametrization: 'direct'`. */
  readonly state: StackState;
  /** Frees its tensors. */
  dispose(): void;
}

/**
 * Computes the keys and values that the prefix's network gives, so that the network can be thrown away: what is left to
 * keep is m · 2 · d numbers an attention. The folded plugin gives the same outputs.
 * @throws TapgradError PREFIX_NO_NETWORK
 */
export function foldPrefix(stack: Pick<Stack, 'modules' | 'state'>): FoldedPrefix {
  const networks = stack.modules().filter((module): module is PrefixNetwork => module instanceof PrefixNetwork);
  const [first] = networks;
  if (!first) {
    throw new TapgradError({
      code: 'PREFIX_NO_NETWORK',
      message: 'no prefix of this stack comes out of a network',
      fix: "fold a stack with prefixTokens({ parametrization: 'mlp' }); tables need no folding",
    });
  }
  const { tensors, json } = stack.state('plugins');
  const others = [...tensors].filter(([name]) => !networks.some(({ path }) => name.startsWith(`${path}.`)));
  const kept = others.map(([name, each]): [string, Tensor] => [name, each.clone()]);
  const folded = networks.flatMap((network) =>
    [...network.folded()].map(([name, table]): [string, Tensor] => [`${network.path}.${name}`, table]),
  );
  const plugin = first.owner as string;
  const told = json.plugins[plugin];
  const options = { ...(told?.options as object), parametrization: 'direct' };
  return {
    state: {
      tensors: new Map([...kept, ...folded]),
      json: { ...json, plugins: { ...json.plugins, [plugin]: { ...told, options } } },
    },
    dispose() {
      for (const [, each] of [...kept, ...folded]) each.dispose();
    },
  };
}
