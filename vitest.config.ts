import { defineConfig } from 'vitest/config';
import { float64Sources } from './scripts/vitest/float64-sources.ts';
import { LongFirst } from './scripts/vitest/long-first.ts';
import { float64Engine, stockGradients } from './scripts/vitest/tfjs-bundles.ts';

const sourceFirst = {
  resolve: { conditions: ['source', 'module', 'browser', 'development|production'] },
  ssr: { resolve: { conditions: ['source', 'module', 'node', 'development|production'] } },
};
const quiet = './scripts/vitest/quiet.ts';
const noLeaks = './scripts/vitest/no-leaks.ts';

// Generous, as a machine that runs other things too is several times slower.
const testTimeout = 120_000;

// By itself vitest leaves one core idle, which of two is half the machine.
const maxWorkers = '100%';

export default defineConfig(async () => ({
  test: {
    sequence: { sequencer: LongFirst },
    projects: [
      {
        ...sourceFirst,
        plugins: [float64Sources()],
        resolve: { ...sourceFirst.resolve, alias: await float64Engine() },
        test: {
          name: 'unit',
          include: ['packages', 'examples', 'benchmarks']
            .map((folder) => `${folder}/**/src/**/*.test.ts`)
            .concat('scripts/**/*.test.ts'),
          exclude: ['**/*.{wasm,webgpu,browser,e2e}.test.ts', '**/node_modules/**'],
          setupFiles: [quiet, './scripts/vitest/use-cpu.ts', noLeaks],
          testTimeout,
          maxWorkers,
          // Half of a short file's time would go into loading TensorFlow.js and the sources again.
          isolate: false,
        },
      },
      {
        ...sourceFirst,
        resolve: { ...sourceFirst.resolve, alias: await stockGradients() },
        test: {
          name: 'wasm',
          include: ['packages', 'examples', 'benchmarks'].map((folder) => `${folder}/**/src/**/*.wasm.test.ts`),
          setupFiles: [quiet, noLeaks],
          testTimeout,
          maxWorkers,
        },
      },
      {
        ...sourceFirst,
        resolve: { ...sourceFirst.resolve, alias: await stockGradients() },
        test: {
          name: 'webgpu',
          include: ['packages', 'examples', 'benchmarks'].map((folder) => `${folder}/**/src/**/*.webgpu.test.ts`),
          setupFiles: [quiet, noLeaks],
          testTimeout,
          maxWorkers,
        },
      },
      {
        test: { name: 'docs', include: ['docs/**/*.test.ts'], testTimeout },
      },
      {
        test: { name: 'e2e', include: ['e2e/**/*.e2e.test.ts'], testTimeout, maxWorkers: 1 },
      },
      {
        test: { name: 'browser', include: ['e2e/**/*.browser.test.ts'], testTimeout },
      },
    ],
  },
}));
