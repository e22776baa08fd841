import { TapgradError } from '@tapgrad/core';
import { engine, env, ready, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { refuseSoftware, requestDevice } from './device.ts';
import { findGpu } from './find-gpu.ts';
import { OffloadingBackend } from './offloading-backend.ts';
import { BACKEND } from './register.ts';

export interface WebgpuOptions {
  /** Which adapter, where there are several. Default `high-performance`. */
  readonly powerPreference?: GPUPowerPreference;
  /** Whether an adapter that computes on the CPU will do, such as Mesa's lavapipe and SwiftShader. Default true. */
  readonly softwareAdapter?: boolean;
  /**
   * Is told when the device goes, with the error that every later kernel and read will throw. Not if it was given up on purpose. Stays in place for
   * later devices, until another one is given.
   */
  readonly onDeviceLost?: (error: TapgradError) => void;
}

interface Started {
  readonly info: GPUAdapterInfo;
  readonly backend: OffloadingBackend;
}

let starting: Promise<Started> | undefined;
let onDeviceLost: (error: TapgradError) => void = () => undefined;

/**
 * Makes WebGPU the backend, on a device of its own, and waits until it is ready. May be called any number of times; after a device was lost, it
 * makes a new one. Tensors of the lost one can only be disposed.
 *
 * @throws TapgradError `WEBGPU_UNSUPPORTED` without WebGPU, `WEBGPU_NO_ADAPTER` without a GPU or its driver, or without one that will do,
 *   `WEBGPU_DEVICE` if the adapter gives no device.
 */
export async function useWebgpu(options: WebgpuOptions = {}): Promise<void> {
  const before = starting;
  // Another caller may have begun a new one during the wait.
  if (before && (await (await before).backend.faults.isLost()) && starting === before) starting = undefined;
  starting ??= start(options).catch((cause: unknown) => {
    starting = undefined;
    throw cause;
  });
  const { info } = await starting;
  if (options.softwareAdapter === false) refuseSoftware(info);
  if (options.onDeviceLost) onDeviceLost = options.onDeviceLost;
  await setBackend(BACKEND);
  await ready();
}

async function start(options: WebgpuOptions): Promise<Started> {
  const { device, info } = await requestDevice(await findGpu(), options);
  // Kernels would otherwise run on the cpu for small tensors, and wait for the device.
  env().set('WEBGPU_CPU_FORWARD', false);
  // tfjs registers a factory under this name where it sees navigator.gpu, with a device of the least limits.
  if (BACKEND in engine().registry) removeBackend(BACKEND);
  else delete engine().registryFactory[BACKEND];
  const backend = new OffloadingBackend(device, info, (error) => onDeviceLost(error));
  if (!registerBackend(BACKEND, () => backend, 3)) {
    throw new TapgradError({ code: 'WEBGPU_DEVICE', message: 'tfjs refused the backend "webgpu"' });
  }
  return { info, backend };
}
