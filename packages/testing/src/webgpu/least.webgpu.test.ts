import { useWebgpu } from '@tapgrad/backend-webgpu';
import { backend } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { offerLeast } from '../../../backends/webgpu/src/test-least-device.ts';
import { reorderInvocations } from '../../../backends/webgpu/src/test-order.ts';
import { opSpecs } from '../op-specs/index.ts';
import { describeRows } from './test-rows.ts';

let shaders = () => 0;

/** They would take half of all compiling. Their own suites run the same shaders in another order; their workgroups take 256 invocations and 13.4 kB at most. */
const elsewhere = ['tapgrad.Attention', 'BatchMatMul'];

const rows = opSpecs.filter(({ kernel }) => !elsewhere.includes(kernel));

// Which rows small GPUs run by other shaders is not known from outside.
describeRows(rows, async () => {
  await offerLeast();
  await useWebgpu();
  shaders = reorderInvocations('scrambled').count;
});

it('runs on a device of the least limits, without optional features, invocations in another order', () => {
  expect(shaders()).toBeGreaterThan(60);
  const { device } = backend() as unknown as { device: GPUDevice };
  expect(device.limits.maxStorageBuffersPerShaderStage).toBe(8);
  expect(device.limits.maxComputeWorkgroupStorageSize).toBe(16_384);
  for (const feature of ['shader-f16', 'subgroups', 'timestamp-query']) {
    expect(device.features.has(feature as GPUFeatureName)).toBe(false);
  }
});
