// Runs in a page: rows of the op table and plugins on the browser's own WebGPU.
import '@tensorflow/tfjs-backend-cpu';
import { useWebgpu } from '@tapgrad/backend-webgpu';
import { engine, setBackend } from '@tensorflow/tfjs-core';
import { builtinPlugins } from './builtin/index.ts';
import { registerComposedKernels } from './composed-kernels.ts';
import { opSpecs } from './op-specs/index.ts';
import { checkParity, type SampleResult } from './parity.ts';
import { pluginChecks } from './plugin/plugin-checks.ts';

/** What went wrong, or undefined. */
type Verdict = string | undefined;

async function verdictOf(f: () => Promise<void>): Promise<Verdict> {
  const before = engine().state.numDataBuffers;
  try {
    await f();
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
  const left = engine().state.numDataBuffers - before;
  return left === 0 ? undefined : `${left} buffers were left behind`;
}

const inPage = {
  /** @returns why WebGPU cannot be used here, or undefined */
  webgpu: () =>
    verdictOf(async () => {
      await useWebgpu();
      registerComposedKernels('webgpu');
    }),

  row: (kernel: string, references: readonly SampleResult[]) =>
    verdictOf(async () => {
      await useWebgpu();
      for (const spec of opSpecs.filter((each) => each.kernel === kernel)) await checkParity(spec, references);
    }),

  pluginNames: () => [...new Set(builtinPlugins.map(({ name }) => name))],

  /** A plugin computes on webgpu what it computes on cpu. */
  plugin: (name: string) =>
    verdictOf(async () => {
      await setBackend('cpu');
      const checks = builtinPlugins
        .filter((spec) => spec.name === name)
        .flatMap((spec) => pluginChecks(spec))
        .filter(({ property }) => property === 'backends');
      if (checks.length === 0) throw new Error(`there is no plugin ${name}`);
      for (const { run } of checks) await run();
    }),
};

Object.assign(globalThis, inPage);
