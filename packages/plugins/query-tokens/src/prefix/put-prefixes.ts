import { type PluginContext, type RememberedScope, rememberScope, TapgradError } from '@tapgrad/core';
import { isMaskOver, type MultiHeadAttention, withKeysInFront } from '@tapgrad/nn';
import { Tensor } from '@tensorflow/tfjs-core';
import { prefixed } from './math.ts';
import { type Prefix, PrefixNetwork, type PrefixTables } from './prefix-source.ts';

/** Attentions whose prefixes have one source. */
export interface PrefixKind {
  readonly source: PrefixTables | PrefixNetwork;
  readonly attentions: readonly MultiHeadAttention[];
}

/** Puts prefixes in front of keys and values, and lets masks show them. */
export function putPrefixes(
  { hooks }: Pick<PluginContext<unknown>, 'hooks'>,
  kinds: readonly PrefixKind[],
  count: number,
) {
  let scope: RememberedScope | undefined;
  const made = new Map<PrefixKind, Tensor>();
  // Before any block: what were first made inside a checkpointed one would not be on the tape for the others.
  hooks.tap(':input').forward<unknown>(() => {
    scope = rememberScope();
    for (const kind of kinds) {
      if (kind.source instanceof PrefixNetwork) made.set(kind, kind.source.call());
    }
  });
  const prefixOf = (kind: PrefixKind, index: number): Prefix => {
    const { source } = kind;
    if (!(source instanceof PrefixNetwork)) return source.call(index);
    // An attention that is called outside a forward of the model makes its own.
    return source.prefix(index, scope?.open ? (made.get(kind) as Tensor) : source.call());
  };
  for (const kind of kinds) {
    for (const [index, { path }] of kind.attentions.entries()) {
      let prefix: Prefix | undefined;
      hooks.tap(`${path}:input`).forward<unknown>((given) => {
        if (!Array.isArray(given)) return undefined;
        const [x, mask, memory, ...rest] = given as [Tensor, unknown, Tensor | undefined, ...unknown[]];
        if (mask === undefined || mask === null) return undefined;
        return [x, extended(mask, (memory ?? x).shape[1] as number, count, path), memory, ...rest];
      });
      hooks.tap(`${path}:key`).forward((key) => {
        prefix = prefixOf(kind, index);
        return prefixed(prefix.key, key);
      });
      hooks.tap(`${path}:value`).forward((value) => prefixed((prefix as Prefix).value, value));
    }
  }
}

function extended(mask: unknown, keys: number, count: number, path: string): Tensor {
  if (isMaskOver(mask, keys)) return withKeysInFront(mask, count);
  const found = mask instanceof Tensor ? `a tensor of shape [${mask.shape}]` : `a value of type ${typeof mask}`;
  throw new TapgradError({
    code: 'PREFIX_MASK',
    message: `the second argument of ${path} is ${found}, not a mask over ${keys} keys`,
    modulePath: path,
    fix: 'give attention a mask [batch or 1, heads or 1, queries or 1, keys] that is added to the scores',
  });
}
