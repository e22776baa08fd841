const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `f` when the process ends by itself or by a signal, which then does what it would have done. What kills at once
 * (SIGKILL) cannot be seen. @returns what takes it back
 */
export function atProcessEnd(f: () => void): () => void {
  const undo = () => {
    process.off('exit', f);
    for (const signal of signals) process.off(signal, ended);
  };
  const ended = (signal: NodeJS.Signals) => {
    f();
    undo();
    // Somebody else who listens decides what the signal means.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  process.once('exit', f);
  for (const signal of signals) process.on(signal, ended);
  return undo;
}
