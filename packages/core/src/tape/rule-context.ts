import type { Tensor } from '@tensorflow/tfjs-core';
import { TapgradError } from '../errors.ts';
import type { RuleContext } from '../rules/registry.ts';
import { outputName, type TapeNode } from './node.ts';
import { untaped } from './recorder.ts';
import type { Tape } from './tape.ts';

export type Restored = Map<string, Tensor>;

/** A rule's context, with what the walk back needs to run its thunks. */
export interface NodeContext extends RuleContext<string> {
  /** Runs one thunk; what it restores is freed with its scope, not with the node's. */
  inThunk(thunk: () => Tensor): Tensor;
}

/** Makes the context of one node: saved values are restored when they are read. */
export function contextOf(
  node: TapeNode,
  dy: Tensor,
  dys: readonly (Tensor | undefined)[],
  tape: Tape,
  restored: Restored | undefined,
): NodeContext {
  let cache: Restored = new Map(restored);
  const read = (name: string): Tensor => {
    const known = cache.get(name);
    if (known) return known;
    const slot = node.slots[name];
    if (!slot) {
      throw new TapgradError({
        code: 'VALUE_NOT_SAVED',
        message: `the rule of ${node.kernel} reads ${name}, which its saves() did not name`,
        op: node.kernel,
        modulePath: node.modulePath,
        fix: `let saves() return '${name}' when it is needed`,
      });
    }
    const value = untaped(() => slot.restore());
    if (value instanceof Promise) {
      value.catch(() => undefined);
      throw new TapgradError({
        code: 'ASYNC_RESTORE',
        message: `${name} of ${node.kernel} comes back asynchronously`,
        op: node.kernel,
        modulePath: node.modulePath,
        fix: 'call backwardAsync() instead of backward()',
      });
    }
    cache.set(name, place(value, name));
    return value;
  };
  const place = (value: Tensor, name: string): Tensor => {
    const output = node.outputs.find((each) => outputName(each.output) === name);
    const own = name in node.need ? node.inputs[name] : output;
    if (tape.createGraph && own) tape.place(value, own);
    for (const other of node.elsewhere ?? []) if (other.name === name) other.tape.place(value, other.place);
    return value;
  };
  for (const [name, value] of cache) place(value, name);
  return {
    dy,
    dys,
    attrs: node.attrs,
    shapes: node.shapes,
    dtypes: node.dtypes,
    need: node.need,
    count: node.count,
    saved: new Proxy({} as Record<string, Tensor>, { get: (_, name) => read(String(name)) }),
    derivativeCoded: (name) => node.slots[name]?.derivativeCoded ?? false,
    inThunk(thunk) {
      const before = cache;
      cache = new Map(before);
      try {
        return thunk();
      } finally {
        cache = before;
      }
    },
  };
}
