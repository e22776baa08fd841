import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import type { SampleResult } from './parity.ts';

/**
 * What every row gives on the float64 engine, by kernel and sample.
 *
 * TensorFlow.js keeps engine and registries in globals of its thread, so a float32 and a float64 engine cannot live
 * side by side. A worker thread has globals of its own: it runs core, the rows and TensorFlow.js's cpu backend from a
 * bundle in which `Float32Array` is `Float64Array`. Inputs come from seeds and are rounded to float32 in both engines,
 * so both start from the same bits. Nothing is stored: a changed row or rule is seen at once.
 */
export async function float64References(): Promise<ReadonlyMap<string, readonly SampleResult[]>> {
  const folder = join(import.meta.dirname, '../node_modules/.cache');
  const file = join(folder, `float64-worker-${process.pid}.mjs`);
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [join(import.meta.dirname, 'float64-worker.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['source'],
    mainFields: ['module', 'main'],
    define: { Float32Array: 'Float64Array' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  try {
    return new Map(Object.entries(await answerOf(file)));
  } finally {
    await rm(file);
  }
}

function answerOf(file: string): Promise<Record<string, SampleResult[]>> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { stderr: true });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the float64 worker stopped with code ${code}`)));
  });
}
