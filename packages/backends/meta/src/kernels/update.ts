import { kernel } from '../register.ts';

/** Kernels that write into their first input; the engine wants a result, and wasm's kernels give an integer. */
export function registerUpdates(): void {
  for (const name of ['tapgrad.AdamW', 'tapgrad.AddInPlace']) kernel(name, ({ made }) => made([], 'int32'));
}
