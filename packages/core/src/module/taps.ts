import type { Tensor } from '@tensorflow/tfjs-core';
import { shareBuffer } from '../engine-seam.ts';
import { messageOf, TapgradError } from '../errors.ts';
import type { Rule } from '../rules/registry.ts';
import { currentPhase, type Phase } from '../tape/phase.ts';
import { tapesTracking } from '../tape/recorder.ts';
import { mapTensors } from '../tape/saved-buffer.ts';
import { pathMatcher, splitTapPattern } from './pattern.ts';

/** Where a tap point is. */
export interface TapContext {
  /** Path of the module, for example `blocks.3.attention`; the model itself is ''. */
  readonly modulePath: string;
  /** `input`, `output`, an inner point of the module, or the name of a parameter. */
  readonly point: string;
  readonly phase: Phase;
  /** True while the module is in training mode. */
  readonly training: boolean;
}

/** Sees the value going forward; what it returns goes on in its place. */
export type ForwardTap<T = Tensor> = (value: T, context: TapContext) => T | undefined | void;
/** Sees the gradient of the value coming back, once it is complete; what it returns goes on in its place. */
export type BackwardTap = (gradient: Tensor, context: TapContext) => Tensor | undefined | void;

interface Entry {
  readonly plugin: string | undefined;
  readonly pattern: string;
  readonly matches: (modulePath: string, point: string) => boolean;
  readonly forward?: ForwardTap<unknown>;
  readonly backward?: BackwardTap;
  /** Position among the plugins: taps run in the stack's order. */
  readonly rank: number;
}

/** The taps of one stack, by the points they match. */
export class TapRegistry {
  private entries: Entry[] = [];
  private readonly points = new Map<string, readonly Entry[]>();

  add(entry: Omit<Entry, 'matches'>): () => void {
    const { path, point } = splitTapPattern(entry.pattern);
    const [pathMatches, pointMatches] = [pathMatcher(path), pathMatcher(point)];
    const made: Entry = { ...entry, matches: (at, name) => pathMatches(at) && pointMatches(name) };
    this.entries = [...this.entries, made].sort((a, b) => a.rank - b.rank);
    this.points.clear();
    return () => {
      this.entries = this.entries.filter((each) => each !== made);
      this.points.clear();
    };
  }

  get empty(): boolean {
    return this.entries.length === 0;
  }

  /** Whether anything is tapped at this point; modules use it to leave a fused path only when they must. */
  has(modulePath: string, point: string): boolean {
    return this.at(modulePath, point).length > 0;
  }

  /** Patterns that matched no point so far: likely misspelt. */
  unmatched(points: Iterable<readonly [modulePath: string, point: string]>): string[] {
    const all = [...points];
    const idle = this.entries.filter((entry) => !all.some(([path, point]) => entry.matches(path, point)));
    return idle.map((entry) => entry.pattern);
  }

  /** Plugin that tapped with this pattern. */
  pluginOf(pattern: string): string | undefined {
    return this.entries.find((entry) => entry.pattern === pattern)?.plugin;
  }

  /** Patterns that a plugin tapped. */
  patternsOf(plugin: string): string[] {
    return this.entries.filter((entry) => entry.plugin === plugin).map((entry) => entry.pattern);
  }

  private at(modulePath: string, point: string): readonly Entry[] {
    const key = `${modulePath}:${point}`;
    let found = this.points.get(key);
    if (!found) {
      found = this.entries.filter((entry) => entry.matches(modulePath, point));
      this.points.set(key, found);
    }
    return found;
  }

  /** Lets a value pass a tap point. */
  pass<T>(value: T, modulePath: string, point: string, training: boolean): T {
    const entries = this.at(modulePath, point);
    if (entries.length === 0) return value;
    const context: TapContext = { modulePath, point, phase: currentPhase(), training };
    let current: unknown = value;
    for (const entry of entries) {
      if (entry.forward) current = run(entry, context, () => entry.forward?.(current, context)) ?? current;
    }
    const backward = entries.filter((entry) => entry.backward);
    return (backward.length === 0 ? current : mapTensors(current, (each) => tapGradient(each, backward, context))) as T;
  }
}

/** Gradient passes unchanged; the taps sit on the output. */
const edge: Rule = { inputs: ['x'], backward: ({ dy }) => ({ x: () => dy }) };

/**
 * A second handle of the same buffer with an edge of its own on the tape, so that a tap sees what came back through this
 * point alone, not what other users of the value sent back. No op runs and nothing is saved.
 */
function tapGradient(value: Tensor, entries: readonly Entry[], context: TapContext): Tensor {
  const tapes = tapesTracking([value]);
  if (tapes.length === 0) return value;
  const handle = shareBuffer(value);
  for (const tape of tapes) {
    tape.record({ kernel: 'tap', rule: edge, inputs: { x: value }, attrs: {}, outputs: [handle] });
    // Taps are undone in reverse, as the values went through them.
    for (const entry of [...entries].reverse()) {
      tape.tapGradient(handle, (gradient) =>
        run(entry, context, () => entry.backward?.(gradient, { ...context, phase: currentPhase() })),
      );
    }
  }
  return handle;
}

function run<T>(entry: Entry, { modulePath, point }: TapContext, f: () => T): T {
  try {
    const made = f();
    if (made instanceof Promise) throw new Error('a tap must be synchronous, and this one returned a promise');
    return made;
  } catch (thrown) {
    const known = thrown instanceof TapgradError ? thrown : undefined;
    if (known?.plugin) throw known;
    throw new TapgradError({
      code: known?.code ?? 'HOOK_FAILED',
      message: messageOf(thrown),
      plugin: entry.plugin,
      hook: `tap(${entry.pattern})`,
      op: known?.op,
      modulePath: known?.modulePath ?? `${modulePath}:${point}`,
      fix: known?.fix,
      cause: thrown,
    });
  }
}
