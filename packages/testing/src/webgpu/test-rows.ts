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
export function describeThird(file: 0 | 1 | 2): void {
  describeRows(
    opSpecs.filter((_, index) => index % files === file),
    async () => {},
  );
}

/** @param prepare is called before the device is made */
export function describeRows(rows: readonly OpSpec[], prepare: () => Promise<void>): void {
  let references: ReadonlyMap<string, readonly SampleResult[]>;
  beforeAll(async () => {
    await prepare();
    references = await float64References();
    registerComposedKernels('webgpu');
    await useWebgpu();
    return poisonFreedMemory();
  }, timeout);

  describe('float32 on webgpu agrees with float64, values and gradients', () => {
    it.each(rows.map((spec): [string, OpSpec] => [spec.kernel, spec]))(
      '%s',
      (kernel, spec) => expectNoLeak(() => checkParity(spec, references.get(kernel) ?? [])),
      timeout,
    );
  });
}
