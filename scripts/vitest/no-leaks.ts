import { relative } from 'node:path';
import { engine } from '@tensorflow/tfjs-core';
import { afterAll, expect } from 'vitest';

/** What tapes, ledgers and spies replace on the engine while they are there. */
const replaced = ['runKernel', 'runKernelFunc', 'clone', 'trackTensor', 'removeDataId'] as const;

// Taken when the file starts, before its imports: a tensor made at a module's top level counts as well.
const start = taken();

afterAll(() => {
  const end = taken();
  const file = relative(process.cwd(), expect.getState().testPath ?? 'this file');
  const changed = replaced.filter((key) => end.functions[key] !== start.functions[key]);
  if (changed.length > 0) {
    throw new Error(
      `${file} left engine().${changed.join(', engine().')} replaced (end what records, counts or spies: stack.detach(), ledger.shut(), mockRestore())`,
    );
  }
  const [tensors, buffers, scopes] = [
    end.tensors - start.tensors,
    end.buffers - start.buffers,
    end.scopes - start.scopes,
  ];
  if (tensors === 0 && buffers === 0 && scopes === 0) return;
  throw new Error(
    `${file} leaked ${tensors} tensors, ${buffers} buffers and ${scopes} open scopes (dispose them, or use tf.tidy)`,
  );
});

function taken() {
  const { numTensors, numDataBuffers, scopeStack } = engine().state;
  const functions = Object.fromEntries(
    replaced.map((key) => [key, (engine() as unknown as Record<string, unknown>)[key]]),
  );
  return { tensors: numTensors, buffers: numDataBuffers, scopes: scopeStack.length, functions };
}
