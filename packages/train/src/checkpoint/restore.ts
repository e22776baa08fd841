import { type Optimizer, type Stack, type StackState, type StatePart, TapgradError } from '@tapgrad/core';
import { clone, type Tensor } from '@tensorflow/tfjs-core';
import type { OpenCheckpoint } from './checkpoint.ts';

/**
 * Loads parts of a checkpoint into a stack, or changes nothing. What can be checked is checked first; what a plugin
 * throws in the middle is undone. Keeping the state meanwhile costs no memory: variables get new buffers, and the
 * copies share the old ones.
 */
export function restore(
  stack: Stack<unknown>,
  { file, stack: json }: OpenCheckpoint,
  parts: readonly StatePart[],
): void {
  const has = (part: StatePart) => parts.includes(part);
  const names = [...file.entries.keys()].filter((name) => has(partOf(name)));
  const unknown = has('model')
    ? names.filter((name) => partOf(name) === 'model' && !stack.model.state().has(name))
    : [];
  if (unknown.length > 0) {
    throw new TapgradError({
      code: 'STATE_MISMATCH',
      message: `the checkpoint has tensors that the model lacks: ${unknown.slice(0, 6).join(', ')}`,
      fix: 'load it into a model of the same configuration',
    });
  }
  const tensors = new Map<string, Tensor>();
  let before: StackState | undefined;
  try {
    for (const name of names) tensors.set(name, file.tensor(name));
    if (has('optimizer') && json.optimizer) checkOptimizer(stack, tensors, json.optimizer);
    before = copied(stack.state());
    stack.loadState({
      tensors,
      json: {
        ...json,
        parts,
        step: has('optimizer') ? json.step : stack.steps,
        plugins: has('plugins') ? json.plugins : {},
        optimizer: has('optimizer') ? json.optimizer : undefined,
      },
    });
  } catch (thrown) {
    if (before) stack.loadState(before);
    throw thrown;
  } finally {
    for (const each of [...tensors.values(), ...(before?.tensors.values() ?? [])]) each.dispose();
  }
}

/** By the names that `Stack.state` gives. */
function partOf(name: string): StatePart {
  if (name.startsWith('optimizer/')) return 'optimizer';
  return name.includes('/') ? 'plugins' : 'model';
}

function copied({ tensors, json }: StackState): StackState {
  return { json, tensors: new Map([...tensors].map(([name, each]) => [name, clone(each)])) };
}

/** An optimizer that can say beforehand what it will not load. Those of this package can. */
type CheckingOptimizer = Optimizer & {
  checkState?(tensors: ReadonlyMap<string, Tensor>, counters: Readonly<Record<string, number>>): void;
};

function checkOptimizer(
  stack: Stack<unknown>,
  tensors: ReadonlyMap<string, Tensor>,
  counters: Readonly<Record<string, number>>,
): void {
  const optimizer = stack.options.optimizer as CheckingOptimizer | undefined;
  if (!optimizer) {
    throw new TapgradError({
      code: 'OPTIMIZER_MISSING',
      message: 'the checkpoint has the state of an optimizer, and the stack has none',
      fix: "pass an optimizer to attach(), or load { parts: ['model', 'plugins'] }",
    });
  }
  const own = new Map(
    [...tensors].filter(([name]) => partOf(name) === 'optimizer').map(([name, each]) => [name.slice(10), each]),
  );
  optimizer.checkState?.(own, counters);
  const parameters = stack.namedParameters();
  for (const [key, { shape }] of own) {
    const expected = parameters.get(key.slice(0, key.lastIndexOf('/')))?.shape;
    if (!expected || expected.join() === shape.join()) continue;
    throw new TapgradError({
      code: 'OPTIMIZER_STATE',
      message: `${key} is [${shape}], the parameter is [${expected}]`,
      fix: 'load it into a model of the same configuration',
    });
  }
}
