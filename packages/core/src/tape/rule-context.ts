import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { TapgradError } from '../errors.ts';
import { rememberScope } from '../remembered-scope.ts';
import type { RuleContext } from '../rules/registry.ts';
import { allOrNone } from './late.ts';
import { outputName, type TapeNode } from './node.ts';
import { untaped } from './recorder.ts';
import type { Tape } from './tape.ts';

export type Restored = Map<string, Tensor>;

/** A rule's context, with what the walk back needs to run its thunks. */
export interface NodeContext extends RuleContext<string> {
  /** Runs one thunk; what it restores is freed with its scope, not with the node's. */
  inThunk(thunk: () => Tensor): Tensor;
}

/** Brings back what can only come asynchronously; the caller disposes it. */
export async function restoreLate(node: TapeNode): Promise<Restored> {
  const late = Object.entries(node.slots).filter(([, slot]) => slot.asynchronous);
  const values = await allOrNone(late.map(([, slot]) => untaped(() => slot.restoreLate())));
  return new Map(late.map(([name], index) => [name, values[index] as Tensor]));
}

interface Visit {
  readonly dy: Tensor;
  readonly dys: readonly (Tensor | undefined)[];
  readonly tape: Tape;
  /** What came back late; kept, and disposed after the visit. */
  readonly restored: Restored | undefined;
  /** The node will be visited again. */
  readonly retain: boolean;
}

/** Makes the context of one node: saved values are restored when they are read. */
export function contextOf(node: TapeNode, { dy, dys, tape, restored, retain }: Visit): NodeContext {
  let cache: Restored = new Map(restored);
  const released = new Set<string>();
  // What is restored lives as long as the thunk that reads it, also if it reads it in a scope of its own.
  let scope = rememberScope();
  const read = (name: string): Tensor => {
    const known = cache.get(name);
    if (known) return known;
    const slot = node.slots[name];
    if (!slot || released.has(name)) throw unreadable(node, name, slot === undefined);
    if (!slot.now) throw comesLate(node, name);
    const value = place(
      scope.run(() => untaped(() => slot.restore())),
      name,
    );
    cache.set(name, value);
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
    timesCoded(name) {
      const slot = node.slots[name];
      if (!slot?.derivativeCoded) return undefined;
      // A product in one pass is none that a tape could differentiate.
      const apart = slot.asynchronous || tape.createGraph || node.elsewhere;
      return apart ? mul(dy, read(name)) : slot.restoreTimes(dy);
    },
    release(name) {
      released.add(name);
      cache.get(name)?.dispose();
      cache.delete(name);
      if (!retain) node.slots[name]?.release();
    },
    inThunk(thunk) {
      const [before, around] = [cache, scope];
      cache = new Map(before);
      scope = rememberScope();
      try {
        return thunk();
      } finally {
        for (const name of released) before.delete(name);
        cache = before;
        scope = around;
      }
    },
  };
}

function unreadable({ kernel, modulePath }: TapeNode, name: string, neverSaved: boolean): TapgradError {
  return new TapgradError({
    code: 'VALUE_NOT_SAVED',
    message: `the rule of ${kernel} reads ${name}, which ${neverSaved ? 'its saves() did not name' : 'it has released'}`,
    op: kernel,
    modulePath,
    fix: neverSaved
      ? `let saves() return '${name}' when it is needed`
      : `release ${name} in the last thunk that reads it`,
  });
}

function comesLate({ kernel, modulePath }: TapeNode, name: string): TapgradError {
  return new TapgradError({
    code: 'ASYNC_RESTORE',
    message: `${name} of ${kernel} comes back asynchronously`,
    op: kernel,
    modulePath,
    fix: 'call backwardAsync() instead of backward()',
  });
}
