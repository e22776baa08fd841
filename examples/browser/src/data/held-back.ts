import type { randomStream } from '@tapgrad/core';
import type { Example } from '../engine/messages.ts';

const share = 0.2;
/** With fewer sentences a test would cost more than it says. */
const fewest = 20;

/** Keeps a fifth of the sentences back for the test, at random, but never the last one of a label. */
export function heldBack(
  examples: readonly Example[],
  random: ReturnType<typeof randomStream>,
): { readonly train: readonly Example[]; readonly test: readonly Example[] } {
  if (examples.length < fewest) return { train: examples, test: [] };
  const left = new Map<string, number>();
  for (const { label } of examples) left.set(label, (left.get(label) ?? 0) + 1);
  const test = new Set<Example>();
  for (const index of random.permutation(examples.length)) {
    if (test.size >= Math.floor(share * examples.length)) break;
    const example = examples[index]!;
    const remaining = left.get(example.label)!;
    if (remaining < 2) continue;
    left.set(example.label, remaining - 1);
    test.add(example);
  }
  return { train: examples.filter((example) => !test.has(example)), test: [...test] };
}
