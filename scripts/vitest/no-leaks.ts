import { relative } from 'node:path';
import { engine } from '@tensorflow/tfjs-core';
import { afterAll, expect } from 'vitest';

// Taken when the file starts, before its imports: a tensor made at a module's top level counts as well.
const start = count();

afterAll(() => {
  const end = count();
  const tensors = end.tensors - start.tensors;
  const buffers = end.buffers - start.buffers;
  if (tensors === 0 && buffers === 0) return;
  const file = relative(process.cwd(), expect.getState().testPath ?? 'this file');
  throw new Error(`${file} leaked ${tensors} tensors and ${buffers} buffers (dispose them, or use tf.tidy)`);
});

function count(): { tensors: number; buffers: number } {
  const { numTensors, numDataBuffers } = engine().state;
  return { tensors: numTensors, buffers: numDataBuffers };
}
