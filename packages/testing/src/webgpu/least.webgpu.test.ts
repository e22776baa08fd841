import { backend } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { offerLeast } from '../../../backends/webgpu/src/test-least-device.ts';
import { opSpecs } from '../op-specs/index.ts';
import { describeRows } from './test-rows.ts';

// Which rows small GPUs run by other shaders is not known from outside: all are run.
describeRows(opSpecs, offerLeast);

it('runs on a device of the least limits, without optional features', () => {
  const { device } = backend() as unknown as { device: GPUDevice };
  expect(device.limits.maxStorageBuffersPerShaderStage).toBe(8);
  expect(device.limits.maxComputeWorkgroupStorageSize).toBe(16_384);
  for (const feature of ['shader-f16', 'subgroups', 'timestamp-query']) {
    expect(device.features.has(feature as GPUFeatureName)).toBe(false);
  }
});
