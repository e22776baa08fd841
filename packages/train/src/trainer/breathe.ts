const longestBusyMs = 12;
let rested = 0;

/**
 * Lets other tasks run (signals, timers, painting) if none could for a while: a backend that computes on this thread
 * never leaves it by itself.
 */
export async function breathe(): Promise<void> {
  if (performance.now() - rested < longestBusyMs) return;
  await new Promise<void>((resolve) => {
    const { setImmediate } = globalThis as { setImmediate?: (f: () => void) => void };
    if (setImmediate) setImmediate(resolve);
    else {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    }
  });
  rested = performance.now();
}
