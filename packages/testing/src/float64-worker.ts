/** Runs in a thread of its own, bundled with the float64 engine: answers with the results of every row. */
import { parentPort } from 'node:worker_threads';
import '../../../scripts/vitest/use-cpu.ts';
import { registerComposedKernels } from './composed-kernels.ts';
import { opSpecs } from './op-specs/index.ts';
import { evaluateSample, type SampleResult } from './parity.ts';

registerComposedKernels('cpu');
const results: Record<string, SampleResult[]> = {};
for (const spec of opSpecs) {
  results[spec.kernel] = [];
  for (const sample of spec.samples) results[spec.kernel]?.push(await evaluateSample(spec, sample));
}
parentPort?.postMessage(results);
