import {
  getKernel,
  type KernelBackend,
  type KernelConfig,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { type Heap, heapOf, type WasmBackend } from './heap.ts';

export const BACKEND = 'wasm';

/** One call of a kernel. */
export interface KernelCall<Inputs = NamedTensorInfoMap, Attrs = NamedAttrMap> {
  readonly inputs: Inputs;
  readonly attrs: Attrs;
  readonly heap: Heap;
  /** Runs tfjs's own kernel of the same name, with the same inputs unless others are given. */
  stock(inputs?: NamedTensorInfoMap): TensorInfo | TensorInfo[];
}

export type KernelRun<Inputs = NamedTensorInfoMap, Attrs = NamedAttrMap> = (
  call: KernelCall<Inputs, Attrs>,
) => TensorInfo | TensorInfo[];

const installed = new Map<string, KernelConfig>();

/**
 * Registers a kernel for the wasm backend. If tfjs has one of that name it is replaced, and stays reachable as `stock`.
 * Registering a name again does nothing.
 */
export function kernel<Inputs, Attrs = NamedAttrMap>(name: string, run: KernelRun<Inputs, Attrs>): void {
  if (installed.has(name)) return;
  const stock = getKernel(name, BACKEND);
  const config: KernelConfig = {
    kernelName: name,
    backendName: BACKEND,
    kernelFunc: (({
      inputs,
      attrs,
      backend,
    }: {
      inputs: NamedTensorInfoMap;
      attrs?: NamedAttrMap;
      backend: KernelBackend;
    }) =>
      run({
        inputs: inputs as Inputs,
        attrs: (attrs ?? {}) as Attrs,
        heap: heapOf(backend as WasmBackend),
        stock: (others) => stock!.kernelFunc({ inputs: others ?? inputs, attrs: attrs ?? {}, backend }),
      })) as unknown as KernelFunc,
    ...(stock?.setupFunc && { setupFunc: stock.setupFunc }),
    ...(stock?.disposeFunc && { disposeFunc: stock.disposeFunc }),
  };
  if (stock) unregisterKernel(name, BACKEND);
  registerKernel(config);
  installed.set(name, config);
}

/** Calls another kernel of the backend by name, without the engine: its result is owned by the caller. */
export function callKernel(heap: Heap, name: string, inputs: NamedTensorInfoMap, attrs: NamedAttrMap = {}): TensorInfo {
  return getKernel(name, BACKEND).kernelFunc({ inputs, attrs, backend: heap.backend }) as TensorInfo;
}
