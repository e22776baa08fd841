import { TapgradError } from '@tapgrad/core';
import { unsupported } from './find-gpu.ts';

const wanted = ['shader-f16', 'subgroups', 'timestamp-query'] as const;

/** Limits that kernels here and in tfjs gain by; a device has the standard's minimum unless asked for more. */
const raised = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

export interface DeviceOptions {
  readonly powerPreference?: GPUPowerPreference;
  readonly softwareAdapter?: boolean;
}

/**
 * A device with all features that training uses and the largest limits that the adapter allows.
 * @throws TapgradError `WEBGPU_UNSUPPORTED`, `WEBGPU_NO_ADAPTER`, `WEBGPU_DEVICE`
 */
export async function requestDevice(
  gpu: GPU,
  { powerPreference = 'high-performance', softwareAdapter = true }: DeviceOptions,
): Promise<{ device: GPUDevice; info: GPUAdapterInfo }> {
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (!adapter) throw noAdapter('there is WebGPU, but no adapter');
  if (!adapter.info) throw unsupported('this engine has an early WebGPU, whose adapters do not say what they are');
  if (!softwareAdapter) refuseSoftware(adapter.info);
  const requiredFeatures = wanted.filter((feature) => adapter.features.has(feature));
  const requiredLimits = Object.fromEntries(raised.map((name) => [name, adapter.limits[name]]));
  try {
    const device = await adapter.requestDevice({ label: 'tapgrad', requiredFeatures, requiredLimits });
    return { device, info: adapter.info };
  } catch (cause) {
    throw new TapgradError({
      code: 'WEBGPU_DEVICE',
      message: `the adapter${named(adapter.info)} gave no device`,
      fix: 'close other programs that use the GPU, or use the wasm backend',
      cause,
    });
  }
}

/** @throws TapgradError `WEBGPU_NO_ADAPTER` for an adapter that computes on the CPU */
export function refuseSoftware(info: GPUAdapterInfo): void {
  if (info.isFallbackAdapter) throw noAdapter(`the only adapter${named(info)} is a software adapter`);
}

/** Some browsers do not tell the name. */
function named({ description, vendor }: GPUAdapterInfo): string {
  const name = description || vendor;
  return name ? ` (${name})` : '';
}

function noAdapter(message: string): TapgradError {
  return new TapgradError({
    code: 'WEBGPU_NO_ADAPTER',
    message,
    fix: `install the GPU's Vulkan driver; on Linux without a GPU, Mesa's lavapipe (Debian: mesa-vulkan-drivers 23 or later) is one; or use the wasm backend`,
  });
}
