import { TapgradError } from '@tapgrad/core';
import {
  type backend_util,
  type DataType,
  type KernelBackend,
  type TensorInfo,
  type TypedArray,
  util,
} from '@tensorflow/tfjs-core';
import type { KernelExports } from './kernel-exports.ts';
import { kernelModule } from './kernel-module.ts';

/** What is used of tfjs's wasm backend. */
export interface WasmBackend extends KernelBackend {
  readonly wasm: {
    readonly asm?: { readonly memory?: WebAssembly.Memory };
    readonly HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _free(offset: number): void;
    readonly tfjs: {
      registerTensor(id: number, size: number, memoryOffset: number): void;
      disposeData(id: number): void;
    };
  };
  readonly dataIdMap: { get(dataId: object): TensorData };
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  typedArrayFromHeap(info: TensorInfo): TypedArray;
  readSync(dataId: object, start?: number, end?: number): backend_util.BackendValues;
  incRef(dataId: object): void;
  disposeData(dataId: object, force?: boolean): boolean;
}

interface TensorData {
  readonly id: number;
  readonly memoryOffset: number;
  readonly shape: number[];
  readonly dtype: DataType;
}

/** tfjs's heap as own kernels see it: tensors are addresses, outputs and scratch come from tfjs's allocator. */
export class Heap {
  readonly kernels: KernelExports;
  /** Address of the block that matrix products pack their operands into; lives as long as the backend. */
  readonly workspace: number;

  constructor(readonly backend: WasmBackend) {
    const memory = backend.wasm.asm?.memory;
    if (memory === undefined || memory.buffer instanceof (globalThis.SharedArrayBuffer ?? Array)) {
      throw new TapgradError({
        code: 'WASM_THREADS',
        message: "tfjs's wasm backend was started with threads, which own kernels do not share",
        fix: "import '@tapgrad/backend-wasm' (or call useWasm) before tf.setBackend('wasm')",
      });
    }
    this.kernels = new WebAssembly.Instance(kernelModule(), { env: { memory } }).exports as unknown as KernelExports;
    this.workspace = ((this.allocate(this.kernels.gemmWorkspace() + 15) + 15) & ~15) >>> 0;
    backend.wasm.HEAPU8.fill(0, this.workspace, this.workspace + 64);
    readComplex(backend);
  }

  /** Address of a tensor's first element. Moves the data here if it lives on another backend. */
  at(tensor: TensorInfo): number {
    return this.backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /** Address of an optional tensor; 0 without one. */
  atOrNull(tensor: TensorInfo | null | undefined): number {
    return tensor == null ? 0 : this.at(tensor);
  }

  /** A new tensor with undefined contents. */
  output(shape: readonly number[], dtype: DataType = 'float32'): TensorInfo {
    return this.backend.makeOutput([...shape], dtype);
  }

  /** The same buffer under another shape; it is freed when both handles are. */
  reshaped(tensor: TensorInfo, shape: readonly number[]): TensorInfo {
    this.at(tensor);
    this.backend.incRef(tensor.dataId);
    return { dataId: tensor.dataId, shape: [...shape], dtype: tensor.dtype };
  }

  free(tensor: TensorInfo): void {
    this.backend.disposeData(tensor.dataId);
  }

  /** A view of a tensor's elements, valid until the next allocation (the heap may move when it grows). */
  view(tensor: TensorInfo): TypedArray {
    return this.backend.typedArrayFromHeap(tensor);
  }

  /** Runs `use` with the address of `bytes` bytes of scratch memory, freed afterwards. */
  scratch<T>(bytes: number, use: (address: number) => T): T {
    const address = this.allocate(bytes);
    try {
      return use(address);
    } finally {
      this.backend.wasm._free(address);
    }
  }

  /**
   * Says that a tensor was written in place. tfjs's convolutions pack a filter once and keep that until its tensor is
   * disposed: they are told that it was, and that another one lies at its address.
   */
  written(tensor: TensorInfo): void {
    const { id, memoryOffset } = this.backend.dataIdMap.get(tensor.dataId);
    const { tfjs } = this.backend.wasm;
    tfjs.disposeData(id);
    tfjs.registerTensor(id, util.sizeFromShape(tensor.shape), memoryOffset);
  }

  writeIntegers(address: number, values: readonly number[]): void {
    new Int32Array(this.backend.wasm.HEAPU8.buffer, address, values.length).set(values);
  }

  writeBytes(address: number, values: Uint8Array): void {
    this.backend.wasm.HEAPU8.set(values, address);
  }

  private allocate(bytes: number): number {
    const address = this.backend.wasm._malloc(bytes) >>> 0;
    if (address === 0) {
      throw new TapgradError({
        code: 'WASM_OUT_OF_MEMORY',
        message: `the WebAssembly heap has no ${bytes} bytes left`,
        fix: 'use a smaller batch, or a plugin that saves less',
      });
    }
    return address;
  }
}

/** Lets the backend read complex tensors, whose numbers lie in the heap as pairs. */
function readComplex(backend: WasmBackend): void {
  const readSync = backend.readSync.bind(backend);
  backend.readSync = (dataId, ...range) => {
    const { dtype, shape, memoryOffset } = backend.dataIdMap.get(dataId);
    if (dtype !== 'complex64') return readSync(dataId, ...range);
    const size = shape.reduce((product, extent) => product * extent, 2);
    return new Float32Array(backend.wasm.HEAPU8.buffer, memoryOffset, size).slice();
  };
}

const heaps = new WeakMap<object, Heap>();

/** The heap of a backend; made on first use. */
export function heapOf(backend: WasmBackend): Heap {
  let heap = heaps.get(backend);
  if (heap === undefined) {
    heap = new Heap(backend);
    heaps.set(backend, heap);
  }
  return heap;
}
