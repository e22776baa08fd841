import { type ForwardPass, type PluginContext, type RememberedScope, rememberScope, TapgradError } from '@tapgrad/core';
import { clone, Tensor } from '@tensorflow/tfjs-core';

/** Values at tap points, by `path:point`. */
export type Features = ReadonlyMap<string, Tensor>;

interface Place {
  readonly modulePath: string;
  readonly point: string;
}

/** Values as they pass, in the order in which they do. A point that is passed twice gives two. */
export class Collected {
  readonly features = new Map<string, Tensor>();

  /** @param scope in which they live */
  constructor(private readonly scope: RememberedScope = rememberScope()) {}

  add(value: unknown, { modulePath, point }: Place): void {
    if (!(value instanceof Tensor)) throw notATensor(`${modulePath}:${point}`);
    const name = `${modulePath}:${point}`;
    let key = name;
    for (let i = 2; this.features.has(key); i++) key = `${name}#${i}`;
    this.features.set(
      key,
      this.scope.run(() => clone(value)),
    );
  }
}

/**
 * The values that pass some tap points in the model's own forward of each training pass, on its tape; other forwards in the same
 * step (of memories, of teachers) are passed over.
 */
export class FeatureTaps {
  private latest: { readonly pass: ForwardPass; readonly seen: Collected; open: boolean } | undefined;
  private asked: Collected | undefined;

  /** @param patterns as `hooks.tap` takes them: a module's path alone says its output */
  constructor(
    private readonly context: Pick<PluginContext<unknown>, 'hooks' | 'pass'>,
    patterns: readonly string[],
  ) {
    const { hooks, pass } = context;
    for (const pattern of patterns) {
      hooks.tap(pattern).forward<unknown>((value, place) => {
        if (this.asked) this.asked.add(value, place);
        else if (place.phase === 'forward') this.ofPass(pass())?.add(value, place);
      });
    }
    hooks.tap(':output').forward<unknown>(() => {
      if (!this.asked && this.latest?.pass === pass()) this.latest = this.latest && { ...this.latest, open: false };
    });
  }

  private ofPass(pass: ForwardPass | undefined): Collected | undefined {
    if (!pass || pass.mode === 'evaluate') return undefined;
    if (this.latest?.pass !== pass) this.latest = { pass, seen: new Collected(pass.scope), open: true };
    return this.latest.open ? this.latest.seen : undefined;
  }

  /**
   * Of the pass that goes on.
   * @throws TapgradError FEATURES_MISSING
   */
  student(): Features {
    const { latest } = this;
    const found = latest && latest.pass === this.context.pass() ? latest.seen.features : new Map<string, Tensor>();
    if (found.size > 0) return found;
    throw new TapgradError({
      code: 'FEATURES_MISSING',
      message: 'the forward passed none of the tap points whose features are compared',
      fix: 'let `at` name points that every forward passes; modules that are kept for recomputation have none inside',
    });
  }

  /** What passes while `f` runs, for example a teacher's forward; in the scope of the caller. */
  during(f: () => unknown): Features {
    const around = this.asked;
    const collected = new Collected();
    this.asked = collected;
    try {
      f();
      return collected.features;
    } finally {
      this.asked = around;
    }
  }
}

/**
 * Features of both at the same points.
 * @throws TapgradError FEATURES_DIFFER
 */
export function pairsOf(student: Features, other: Features): [at: string, student: Tensor, other: Tensor][] {
  return [...student].map(([at, mine]) => {
    const theirs = other.get(at);
    if (theirs && theirs.shape.join() === mine.shape.join()) return [at, mine, theirs];
    const found = theirs ? `is [${theirs.shape}] in the network that it is compared with` : 'is not passed there';
    throw new TapgradError({
      code: 'FEATURES_DIFFER',
      message: `${at} is [${mine.shape}] in the model, and ${found}`,
      fix: 'compare points that both networks have, with values of the same shape',
    });
  });
}

function notATensor(where: string): TapgradError {
  return new TapgradError({
    code: 'FEATURES_KIND',
    message: `what passes ${where} is not one tensor`,
    fix: 'let `at` name points where one tensor passes, for example the output of a layer',
  });
}
