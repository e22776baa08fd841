/**
 * What the engine is doing now: hooks and modules with side effects (batch-norm statistics, counters)
 * act in `forward` alone, so that a recomputed segment does not count twice and a shadow forward leaves no trace.
 */
export type Phase = 'forward' | 'recompute' | 'backward' | 'shadow';

let phase: Phase = 'forward';

export function currentPhase(): Phase {
  return phase;
}

export function inPhase<T>(next: Phase, f: () => T): T {
  const before = phase;
  phase = next;
  try {
    return f();
  } finally {
    phase = before;
  }
}
