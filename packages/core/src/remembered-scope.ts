import { internals } from './engine-seam.ts';

/** A tfjs scope that was open when it was remembered, for example that of a model's forward. */
export interface RememberedScope {
  /** False once it has ended, well or by an error. */
  readonly open: boolean;
  /** Runs `f` so that what it makes lives as long as this scope, from inside deeper ones. Only while it is open. */
  run<T>(f: () => T): T;
}

/** @example const forward = rememberScope(); … forward.run(() => tf.add(a, b)) // in a module deeper down */
export function rememberScope(): RememberedScope {
  const { state } = internals();
  const depth = state.scopeStack.length;
  const scope = state.scopeStack.at(-1);
  return {
    get open() {
      return state.scopeStack[depth - 1] === scope;
    },
    run(f) {
      const { scopeStack, activeScope } = state;
      state.scopeStack = scopeStack.slice(0, depth);
      state.activeScope = state.scopeStack.at(-1) ?? null;
      try {
        return f();
      } finally {
        state.scopeStack = scopeStack;
        state.activeScope = activeScope;
      }
    },
  };
}
