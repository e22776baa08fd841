import { record } from '@tapgrad/core';
import { engine, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Names of the kernels that `f` runs, in order. What `f` makes is disposed. */
export function dispatchedKernels(f: () => unknown): string[] {
  const target = engine();
  const own = Object.getOwnPropertyDescriptor(target, 'runKernel');
  const names: string[] = [];
  const original = target.runKernel;
  target.runKernel = function (this: typeof target, name, ...rest) {
    names.push(name);
    return original.call(target, name, ...rest);
  } as typeof original;
  try {
    tidy(() => void f());
  } finally {
    if (own) Object.defineProperty(target, 'runKernel', own);
    else delete (target as { runKernel?: unknown }).runKernel;
  }
  return names;
}

/** Names of the nodes that `f` puts on a tape that tracks its floating inputs: own ops need no kernel of their name. */
export function recordedKernels(f: (...inputs: Tensor[]) => unknown, inputs: readonly Tensor[]): string[] {
  return tidy(() => {
    const parameters = inputs.filter((input) => input.dtype === 'float32');
    const { tape } = record(() => void f(...inputs), { parameters });
    const names = tape.nodes.flatMap((node) => (node ? [node.kernel] : []));
    tape.dispose();
    return names;
  });
}
