import {
  getKernel,
  type KernelConfig,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import type { TrainingBackend } from './training-backend.ts';

export const BACKEND = 'webgpu';

/** One call of a kernel. */
export interface KernelCall<Inputs = NamedTensorInfoMap, Attrs = NamedAttrMap> {
  readonly inputs: Inputs;
  readonly attrs: Attrs;
  readonly gpu: TrainingBackend;
  /** Runs tfjs's own kernel of the same name, with the same inputs and attributes unless others are given. */
  stock(inputs?: NamedTensorInfoMap, attrs?: NamedAttrMap): TensorInfo | TensorInfo[];
}

export type KernelRun<Inputs = NamedTensorInfoMap, Attrs = NamedAttrMap> = (
  call: KernelCall<Inputs, Attrs>,
) => TensorInfo | TensorInfo[];

interface Arguments {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs?: NamedAttrMap;
  readonly backend: TrainingBackend;
}

const installed = new Set<string>();

/**
 * Registers a kernel for the webgpu backend. If tfjs has one of that name it is replaced, and stays reachable as `stock`.
 * Registering a name again does nothing.
 */
export function kernel<Inputs, Attrs = NamedAttrMap>(name: string, run: KernelRun<Inputs, Attrs>): void {
  if (installed.has(name)) return;
  const stock = getKernel(name, BACKEND);
  const config: KernelConfig = {
    kernelName: name,
    backendName: BACKEND,
    kernelFunc: (({ inputs, attrs = {}, backend }: Arguments) =>
      run({
        inputs: inputs as Inputs,
        attrs: attrs as Attrs,
        gpu: backend,
        stock: (others = inputs, otherAttrs = attrs) =>
          stock!.kernelFunc({ inputs: others, attrs: otherAttrs, backend }),
      })) as unknown as KernelFunc,
    ...(stock?.setupFunc && { setupFunc: stock.setupFunc }),
    ...(stock?.disposeFunc && { disposeFunc: stock.disposeFunc }),
  };
  if (stock) unregisterKernel(name, BACKEND);
  registerKernel(config);
  installed.add(name);
}

/** Calls another kernel of the backend by name, without the engine: its result is owned by the caller. */
export function callKernel(
  backend: TrainingBackend,
  name: string,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap = {},
): TensorInfo {
  return getKernel(name, BACKEND).kernelFunc({ inputs, attrs, backend }) as TensorInfo;
}
