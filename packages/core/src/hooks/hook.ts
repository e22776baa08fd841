import { messageOf, TapgradError } from '../errors.ts';
import { type HookKind, makeHook, type TapableHook } from './tapable.ts';

/** Whose function it is, and where it stands among the others. */
export interface Tapper {
  readonly plugin: string;
  /** Position in the stack's order. */
  readonly rank: number;
  readonly enabled: boolean;
}

type Handler = (value: never, context: never) => unknown;
interface Entry {
  readonly tapper: Tapper;
  readonly handler: Handler;
}

/**
 * What tapable leaves open, closed: handlers run in the stack's order and can be removed, a disabled plugin is passed
 * over, and an error says whose handler of which hook failed.
 */
abstract class Hook {
  private entries: readonly Entry[] = [];
  protected hook: TapableHook | undefined;

  constructor(
    readonly name: string,
    private readonly kind: HookKind,
  ) {}

  get used(): boolean {
    return this.hook !== undefined;
  }

  /** Names of the plugins that tap this hook, in order. */
  get plugins(): string[] {
    return [...new Set(this.entries.map((entry) => entry.tapper.plugin))];
  }

  protected add(tapper: Tapper, handler: Handler): () => void {
    const entry = { tapper, handler };
    this.rebuild([...this.entries, entry]);
    return () => this.rebuild(this.entries.filter((each) => each !== entry));
  }

  private rebuild(entries: readonly Entry[]): void {
    this.entries = [...entries].sort((a, b) => a.tapper.rank - b.tapper.rank);
    this.hook = this.entries.length > 0 ? makeHook(this.kind) : undefined;
    for (const { tapper, handler } of this.entries) {
      if (this.kind === 'SyncWaterfallHook') this.hook?.tap(tapper.plugin, this.sync(tapper, handler));
      else this.hook?.tapPromise(tapper.plugin, this.async(tapper, handler));
    }
  }

  private sync(tapper: Tapper, handler: Handler) {
    return (value: never, context: never) => {
      if (!tapper.enabled) return undefined;
      return blaming(tapper.plugin, this.name, () => {
        const made = handler(value, context);
        if (made instanceof Promise) {
          made.catch(() => undefined);
          throw new Error('this hook is synchronous, and its handler returned a promise');
        }
        return made;
      });
    };
  }

  private async(tapper: Tapper, handler: Handler) {
    return async (value: never, context: never) => {
      if (!tapper.enabled) return undefined;
      try {
        return await handler(value, context);
      } catch (thrown) {
        throw hookError(thrown, tapper.plugin, this.name);
      }
    };
  }
}

/** Adds plugin, hook and, if the error had none, a code to whatever a handler threw. */
export function hookError(thrown: unknown, plugin: string, hook: string): TapgradError {
  if (thrown instanceof TapgradError && thrown.plugin) return thrown;
  if (thrown instanceof TapgradError) {
    const { code, op, modulePath, fix } = thrown;
    return new TapgradError({ code, message: thrown.reason, plugin, hook, op, modulePath, fix, cause: thrown });
  }
  return new TapgradError({ code: 'HOOK_FAILED', message: messageOf(thrown), plugin, hook, cause: thrown });
}

/** Runs a plugin's function outside the hooks' own machinery; its errors are named as a handler's are. */
export function blaming<T>(plugin: string, hook: string, f: () => T): T {
  try {
    return f();
  } catch (thrown) {
    throw hookError(thrown, plugin, hook);
  }
}

/** Each handler sees what the one before it returned; returning nothing passes it on unchanged. */
export class WaterfallHook<T, C> extends Hook {
  constructor(name: string) {
    super(name, 'SyncWaterfallHook');
  }

  tap(tapper: Tapper, handler: (value: T, context: C) => T | undefined | void): () => void {
    return this.add(tapper, handler as Handler);
  }

  call(value: T, context: C): T {
    return this.hook ? (this.hook.call(value, context) as T) : value;
  }
}

/** As `WaterfallHook`; handlers may be asynchronous. */
export class AsyncWaterfallHook<T, C> extends Hook {
  constructor(name: string) {
    super(name, 'AsyncSeriesWaterfallHook');
  }

  tap(
    tapper: Tapper,
    handler: (value: T, context: C) => T | undefined | void | Promise<T | undefined | void>,
  ): () => void {
    return this.add(tapper, handler as Handler);
  }

  async call(value: T, context: C): Promise<T> {
    return this.hook ? ((await this.hook.promise(value, context)) as T) : value;
  }
}

/** The first handler that returns something decides. */
export class BailHook<C, R> extends Hook {
  constructor(name: string) {
    super(name, 'AsyncSeriesBailHook');
  }

  tap(tapper: Tapper, handler: (context: C) => R | undefined | void | Promise<R | undefined | void>): () => void {
    return this.add(tapper, handler as Handler);
  }

  async call(context: C): Promise<R | undefined> {
    return this.hook ? ((await this.hook.promise(context)) as R | undefined) : undefined;
  }
}

/** Every handler is told, one after the other. */
export class EventHook<C> extends Hook {
  constructor(name: string) {
    super(name, 'AsyncSeriesHook');
  }

  tap(tapper: Tapper, handler: (context: C) => void | Promise<void>): () => void {
    return this.add(tapper, handler as Handler);
  }

  async call(context: C): Promise<void> {
    if (this.hook) await this.hook.promise(context);
  }
}
