import {
  type backend_util,
  type DataType,
  getKernel,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { BACKEND, type MetaBackend } from './backend.ts';

/** One call of a kernel, and what it may answer with. */
export interface KernelCall<Inputs = Record<string, TensorInfo>, Attrs = NamedAttrMap> {
  readonly inputs: Inputs;
  readonly attrs: Attrs;
  /** A new buffer. */
  made(shape: readonly number[], dtype?: DataType): TensorInfo;
  /** The buffer of x under another shape. Only where wasm's kernel shares it, too. */
  view(x: TensorInfo, shape: readonly number[]): TensorInfo;
  /**
   * Integers that the host wrote, for shapes that depend on them.
   * @throws TapgradError META_NO_DATA
   */
  integers(x: TensorInfo): ArrayLike<number>;
}

interface Arguments {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs?: NamedAttrMap;
  readonly backend: MetaBackend;
}

/**
 * Registers what a kernel makes, for the meta backend: shapes, dtypes and shared buffers as wasm's kernel of that name.
 * Registering a name again does nothing.
 */
export function kernel<Inputs = Record<string, TensorInfo>, Attrs = NamedAttrMap>(
  kernelName: string,
  run: (call: KernelCall<Inputs, Attrs>) => TensorInfo | TensorInfo[],
): void {
  if (getKernel(kernelName, BACKEND)) return;
  const kernelFunc = ({ inputs, attrs = {}, backend }: Arguments) =>
    run({
      inputs: inputs as Inputs,
      attrs: attrs as Attrs,
      made: (shape, dtype = 'float32') => ({
        dataId: backend.write(null, [...shape], dtype),
        shape: [...shape],
        dtype,
      }),
      view(x, shape) {
        backend.incRef(x.dataId);
        return { dataId: x.dataId, shape: [...shape], dtype: x.dtype };
      },
      integers: (x) => backend.readSync(x.dataId) as Exclude<backend_util.BackendValues, Uint8Array[]>,
    });
  registerKernel({ kernelName, backendName: BACKEND, kernelFunc: kernelFunc as unknown as KernelFunc });
}

/** Registers kernels whose output has the shape of one of their inputs, and its dtype or the one given. */
export function like(input: string, kernelNames: readonly string[], dtype?: DataType): void {
  for (const name of kernelNames) {
    kernel(name, ({ inputs, made }) => {
      const x = inputs[input] as TensorInfo;
      return made(x.shape, dtype ?? x.dtype);
    });
  }
}

/** The inputs of a kernel that takes a list. */
export function listed(inputs: Record<string, TensorInfo> | readonly TensorInfo[]): readonly TensorInfo[] {
  return Object.values(inputs);
}

/** An axis counted from the end, counted from the front. */
export function axisOf(axis: number, shape: readonly number[]): number {
  return util.parseAxisParam(axis, [...shape])[0] as number;
}
