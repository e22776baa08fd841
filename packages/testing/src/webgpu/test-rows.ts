import { useWebgpu } from '@tapgrad/backend-webgpu';
import { beforeAll, describe, it } from 'vitest';
import { poisonFreedMemory } from '../../../backends/webgpu/src/test-poison.ts';
import { registerComposedKernels } from '../composed-kernels.ts';
import { float64References } from '../float64-references.ts';
import { expectNoLeak } from '../leaks.ts';
import type { OpSpec } from '../op-spec.ts';
import { opSpecs } from '../op-specs/index.ts';
import { checkParity, type SampleResult } from '../parity.ts';

/** A shader of attention may take a software adapter seconds to compile, and a row needs tens of them. */
const timeout = 600_000;

/** Files that share the rows: a software adapter compiles on one core only, and there are more. */
const files = 3;

/** Tests every third row on WebGPU: those of one of three files. */
export function describeRows(file: 0 | 1 | 2): void {
  let references: ReadonlyMap<string, readonly SampleResult[]>;
  beforeAll(async () => {
    references = await float64References();
    registerComposedKernels('webgpu');
    await useWebgpu();
    return poisonFreedMemory();
  }, timeout);

  const rows = opSpecs.filter((_, index) => index % files === file);
  describe('float32 on webgpu agrees with float64, values and gradients', () => {
    it.each(rows.map((spec): [string, OpSpec] => [spec.kernel, spec]))(
      '%s',
      (kernel, spec) => expectNoLeak(() => checkParity(spec, references.get(kernel) ?? [])),
      timeout,
    );
  });
}
