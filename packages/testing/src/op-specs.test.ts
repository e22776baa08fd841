import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { kernelsWithoutGradient, kernelsWithRule } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { checkOpSpec } from './check-op-spec.ts';
import { registerComposedKernels } from './composed-kernels.ts';
import { opSpecs } from './op-specs/index.ts';

registerComposedKernels('cpu');

describe('every rule agrees with central differences, to second order, and leaks nothing', () => {
  it.each(opSpecs.map((spec) => [spec.kernel, spec] as const))('%s', (_, spec) => checkOpSpec(spec));
});

describe('the tables are complete', () => {
  const rows = opSpecs.map((spec) => spec.kernel);

  it('has one row for each kernel', () => {
    expect(rows.filter((kernel, i) => rows.indexOf(kernel) !== i)).toEqual([]);
  });

  it('has a row for every kernel with a rule', () => {
    expect(kernelsWithRule().filter((kernel) => !kernel.startsWith('tapgrad.') && !rows.includes(kernel))).toEqual([]);
  });

  it('has a rule for every kernel that tfjs has a gradient for', () => {
    const known = new Set([...kernelsWithRule(), ...kernelsWithoutGradient()]);
    const inTfjs = tfjsKernels().filter((kernel) => tf.getGradient(kernel) !== undefined);
    expect(inTfjs.length).toBeGreaterThan(90);
    expect(inTfjs.filter((kernel) => !known.has(kernel))).toEqual([]);
  });

  it('marks exactly the rows without a gradient as such', () => {
    const constant = new Set(kernelsWithoutGradient());
    expect(opSpecs.filter((spec) => constant.has(spec.kernel) !== (spec.differentiable === false))).toEqual([]);
  });
});

/** tfjs-core exports the name of every kernel as a constant. */
function tfjsKernels(): string[] {
  return Object.values<unknown>(tf).filter((value) => typeof value === 'string');
}
