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

interface Arguments {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs?: NamedAttrMap;
  readonly backend: KernelBackend;
}

const installed = new Set<string>();

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
    kernelFunc: (({ inputs, attrs = {}, backend }: Arguments) => {
      const heap = heapOf(backend as WasmBackend);
      // Data of another backend moves here now: if the heap grew for it later, views taken before would be void.
      for (const info of Object.values(inputs)) if (info) heap.at(info);
      const runStock = (others = inputs) => stock!.kernelFunc({ inputs: others, attrs, backend });
      return run({ inputs: inputs as Inputs, attrs: attrs as Attrs, heap, stock: runStock });
    }) as unknown as KernelFunc,
    ...(stock?.setupFunc && { setupFunc: stock.setupFunc }),
    ...(stock?.disposeFunc && { disposeFunc: stock.disposeFunc }),
  };
  if (stock) unregisterKernel(name, BACKEND);
  registerKernel(config);
  installed.add(name);
}

/** Calls another kernel of the backend by name, without the engine: its result is owned by the caller. */
export function callKernel(heap: Heap, name: string, inputs: NamedTensorInfoMap, attrs: NamedAttrMap = {}): TensorInfo {
  return getKernel(name, BACKEND).kernelFunc({ inputs, attrs, backend: heap.backend }) as TensorInfo;
}
