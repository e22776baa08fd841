// Prints what own kernels take beside tfjs's way, in one run on one device: node packages/backends/webgpu/bench/kernels.mjs [pattern]
// Every figure is the least of repetitions, tfjs's and ours by turns, from the first command to the end of the device's work: milliseconds of all cores
// on a software adapter, which what else the machine does hardly changes, otherwise on the clock.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgpu';
import { build } from 'esbuild';
import { cases } from './cases.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stock = new Map(tf.getKernelsForBackend('webgpu').map((config) => [config.kernelName, config]));

const outfile = join(root, '.cache', 'backend.mjs');
await build({
  entryPoints: [join(root, 'src', 'index.ts')],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  conditions: ['source'],
  external: ['@tensorflow/*', 'webgpu'],
  logLevel: 'error',
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
});
const { useWebgpu } = await import(outfile);
await useWebgpu();
const { backend } = tf.engine();
const own = new Map(tf.getKernelsForBackend('webgpu').map((config) => [config.kernelName, config]));

/** Runs `f` with tfjs's kernels alone. */
function withStock(f) {
  for (const [name] of own) tf.unregisterKernel(name, 'webgpu');
  for (const config of stock.values()) tf.registerKernel(config);
  try {
    return f();
  } finally {
    for (const [name] of stock) tf.unregisterKernel(name, 'webgpu');
    for (const config of own.values()) tf.registerKernel(config);
  }
}

const probe = tf.scalar(1);

/** When a value is read that is computed behind everything else, all is done. */
async function finished() {
  const last = tf.neg(probe);
  await last.data();
  last.dispose();
}

const onCpu = backend.lanes > 0;

function now() {
  if (!onCpu) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds of one run: the least of `repeats`, the contestants by turns, after one that is not counted. */
async function measure(runs, repeats) {
  const best = runs.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round <= repeats; round++) {
    for (const [index, run] of runs.entries()) {
      await finished();
      const start = now();
      run();
      await finished();
      if (round > 0) best[index] = Math.min(best[index], now() - start);
    }
  }
  return best;
}

const repeats = Number(process.env.REPEATS ?? 9);
console.log(onCpu ? 'a software adapter: milliseconds of all cores' : 'milliseconds on the clock');
console.log(`${'kernel'.padEnd(56)}  tfjs ms   own ms    ratio`);
for (const { name, theirs, ours, own } of cases(tf)) {
  if (process.argv[2] && !name.includes(process.argv[2])) continue;
  const tidied = (f) => () => tf.tidy(() => void f());
  const [a, b] = await measure([own ? tidied(theirs) : () => withStock(tidied(theirs)), tidied(ours)], repeats);
  console.log(`${name.padEnd(56)}${[a, b, b / a].map((x) => x.toFixed(2).padStart(9)).join('')}`);
}
process.exit(0);
