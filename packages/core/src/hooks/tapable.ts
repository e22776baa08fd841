import * as lite from '@rspack/lite-tapable';
import * as compiled from 'tapable';

/** The part of a tapable hook that is used here; both libraries have it. */
export interface TapableHook {
  tap(name: string, f: (...values: never[]) => unknown): void;
  tapPromise(name: string, f: (...values: never[]) => Promise<unknown>): void;
  call(...values: unknown[]): unknown;
  promise(...values: unknown[]): Promise<unknown>;
}

export type HookKind = 'SyncWaterfallHook' | 'AsyncSeriesWaterfallHook' | 'AsyncSeriesBailHook' | 'AsyncSeriesHook';

type Library = Record<HookKind, new (argumentNames: string[]) => unknown>;

/** tapable compiles its hooks with `new Function`; where that is forbidden (strict CSP), lite-tapable stands in. */
const library = (codeGenerationAllowed() ? compiled : lite) as unknown as Library;

export function makeHook(kind: HookKind): TapableHook {
  return new library[kind](['value', 'context']) as TapableHook;
}

function codeGenerationAllowed(): boolean {
  try {
    return Boolean(new Function('return true')());
  } catch {
    return false;
  }
}
