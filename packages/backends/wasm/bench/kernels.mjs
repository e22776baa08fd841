// Prints what the own kernels take beside tfjs's, kernel by kernel, in one run: node packages/backends/wasm/bench/kernels.mjs [pattern]
// Every figure is the least of many repetitions, tfjs's and ours by turns.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { build } from 'esbuild';
import { cases } from './cases.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stock = new Map(tf.getKernelsForBackend('wasm').map((config) => [config.kernelName, config]));

const outfile = join(root, '.cache', 'backend.mjs');
await build({
  entryPoints: [join(root, 'src', 'index.ts')],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  conditions: ['source'],
  external: ['@tensorflow/*'],
  logLevel: 'error',
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
});
const { useWasm } = await import(outfile);
await useWasm();
const { backend } = tf.engine();

/** Milliseconds of one call: the least of repetitions over `budget` ms. */
function measure(runs, budget = 700) {
  const best = runs.map(() => Number.POSITIVE_INFINITY);
  const spent = performance.now();
  for (let round = 0; round < 3 || performance.now() - spent < budget * runs.length; round++) {
    runs.forEach((run, index) => {
      if (!run) return;
      const start = performance.now();
      run();
      best[index] = Math.min(best[index], performance.now() - start);
    });
  }
  return best;
}

function direct(config, inputs, attrs) {
  return () => {
    const made = config.kernelFunc({ inputs, attrs, backend });
    for (const each of Array.isArray(made) ? made : [made]) backend.disposeData(each.dataId);
  };
}

const number = (x, digits = 3) => (Number.isFinite(x) ? x.toFixed(digits) : '-').padStart(9);
console.log(`${'kernel'.padEnd(64)}  tfjs ms   own ms    ratio   tfjs GFLOP/s  own GFLOP/s`);
for (const { name, kernel, inputs, attrs = {}, composed, flops } of cases(tf)) {
  if (process.argv[2] && !name.includes(process.argv[2])) continue;
  const own = tf.getKernel(kernel, 'wasm');
  if (!own) continue;
  const theirs = composed
    ? () => tf.tidy(() => void composed())
    : stock.has(kernel) && direct(stock.get(kernel), inputs, attrs);
  const [a, b] = measure([theirs, direct(own, inputs, attrs)]);
  const rate = (ms) => number(flops ? flops / ms / 1e6 : Number.NaN, 1);
  console.log(`${name.padEnd(64)}${number(a)}${number(b)}${number(b / a)}${rate(a)}     ${rate(b)}`);
}
