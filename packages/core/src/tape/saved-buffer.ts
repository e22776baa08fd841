import { type DataId, mul, Tensor } from '@tensorflow/tfjs-core';
import { bytesOf } from '../device-memory.ts';
import { hold, shareBuffer, shareData } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';
import { bufferVersion } from './buffer-marks.ts';
import type { OperandSource } from './node.ts';

/** A buffer of which a tape keeps hold, once, for all slots that need it. */
export interface SavedBuffer {
  readonly exact: boolean;
  readonly derivativeCoded: boolean;
  readonly asynchronous: boolean;
  readonly now: boolean;
  readonly references: { count: number };
  /** That of the buffer when it was saved. */
  readonly version: number;
  /** What it takes on the device. */
  readonly bytes: number;
  /** The tensors that it holds. */
  readonly tensors: readonly Tensor[];
  /** The value again, in the shape it was packed with; the caller's scope owns it. */
  restore(): Tensor;
  /** `dy · f'(value)`, of a buffer that is a code of the derivative. */
  restoreTimes(dy: Tensor): Tensor;
  /** As `restore`; no scope holds what comes, and the caller must dispose it. */
  restoreLate(): Promise<Tensor>;
  prefetch(): void;
  free(): void;
}

/** @throws TapgradError SAVED_VALUE_MODIFIED, also where what is kept is a copy: a plugin must not hide the mistake */
export function mustBeAsSaved(dataId: DataId, version: number, what: string): void {
  if (bufferVersion(dataId) === version) return;
  throw new TapgradError({
    code: 'SAVED_VALUE_MODIFIED',
    message: `${what} was changed in place between forward and backward`,
    fix: 'update parameters after backward, or run forward again',
  });
}

/** Kept as it is. */
export class SharedBuffer implements SavedBuffer {
  readonly exact = true;
  readonly derivativeCoded = false;
  readonly asynchronous = false;
  readonly now = true;
  readonly references = { count: 0 };
  readonly tensors: readonly [Tensor];
  private readonly handle: Tensor;
  readonly version: number;

  constructor(
    source: OperandSource,
    private readonly describe: string,
  ) {
    this.handle = hold(shareData(source));
    this.tensors = [this.handle];
    this.version = bufferVersion(source.dataId);
  }

  restore(): Tensor {
    mustBeAsSaved(this.handle.dataId, this.version, this.describe);
    return shareBuffer(this.handle);
  }

  restoreTimes(dy: Tensor): Tensor {
    return mul(dy, this.restore());
  }

  restoreLate(): Promise<Tensor> {
    return new Promise((resolve) => resolve(hold(this.restore())));
  }

  prefetch(): void {}

  get bytes(): number {
    return bytesOf(this.handle);
  }

  free(): void {
    this.handle.dispose();
  }
}

/** The same arrays and plain records with every tensor replaced. */
export function mapTensors(value: unknown, f: (tensor: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return f(value);
  if (Array.isArray(value)) return value.map((each) => mapTensors(each, f));
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTensors(each, f)]));
  }
  return value;
}
