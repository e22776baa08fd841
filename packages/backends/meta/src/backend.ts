import { TapgradError } from '@tapgrad/core';
import { type backend_util, type DataId, type DataType, engine, KernelBackend, util } from '@tensorflow/tfjs-core';

/** Name by which TensorFlow.js knows the backend. */
export const BACKEND = 'meta';

type Values = backend_util.BackendValues;

interface Description {
  readonly shape: readonly number[];
  readonly dtype: DataType;
  references: number;
  /** What the host wrote, of integers, bools and strings: lists of indices decide shapes. */
  readonly written: Values | undefined;
}

/**
 * A backend of shapes without data. Tensors of other backends may be given to its kernels: they stay where they are.
 *
 * Floats read as NaN. Integers, bools and strings read as what the host wrote, if it did; of those that a kernel made
 * there is no value to tell from a real one, so that reading them throws `META_NO_DATA`.
 */
export class MetaBackend extends KernelBackend {
  /** Tells core that initial values need not be computed. */
  readonly dataless = true;
  private readonly descriptions = new Map<DataId, Description>();

  override write(values: Values | null, shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(dataId: DataId, values: Values | null, shape: number[], dtype: DataType, references: number): void {
    const written = values === null || isFloating(dtype) ? undefined : values;
    this.descriptions.set(dataId, { shape, dtype, references, written });
  }

  override readSync(dataId: DataId): Values {
    const { shape, dtype, written } = this.descriptions.get(dataId) as Description;
    if (written) return written;
    if (isFloating(dtype)) {
      return new Float32Array(util.sizeFromShape([...shape]) * (dtype === 'complex64' ? 2 : 1)).fill(Number.NaN);
    }
    throw new TapgradError({
      code: 'META_NO_DATA',
      message: `the values of a tensor of type ${dtype} and shape [${shape}] are wanted, and the meta backend has shapes only`,
      fix: 'use a backend that computes, or take what the shape depends on from the host',
    });
  }

  override async read(dataId: DataId): Promise<Values> {
    return this.readSync(dataId);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const description = this.descriptions.get(dataId);
    if (!description) return true;
    if (--description.references > 0 && !force) return false;
    return this.descriptions.delete(dataId);
  }

  override incRef(dataId: DataId): void {
    const description = this.descriptions.get(dataId);
    if (description) description.references++;
    else ownerOf(dataId)?.incRef(dataId);
  }

  override refCount(dataId: DataId): number {
    return this.descriptions.get(dataId)?.references ?? ownerOf(dataId)?.refCount(dataId) ?? 0;
  }

  override numDataIds(): number {
    return this.descriptions.size;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override async time(f: () => void): Promise<{ kernelMs: number }> {
    f();
    return { kernelMs: 0 };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {
    this.descriptions.clear();
  }
}

function isFloating(dtype: DataType): boolean {
  return dtype === 'float32' || dtype === 'complex64';
}

/** The backend that holds a buffer which is not this one's. */
function ownerOf(dataId: DataId): KernelBackend | undefined {
  return engine().state.tensorInfo.get(dataId)?.backend;
}
