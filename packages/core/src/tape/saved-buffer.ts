import { Tensor, util } from '@tensorflow/tfjs-core';
import { hold, scoped, shareBuffer, shareData } from '../engine-seam.ts';
import { messageOf, TapgradError } from '../errors.ts';
import { bufferVersion } from './buffer-marks.ts';
import type { OperandSource } from './node.ts';
import type { SlotStage } from './slot.ts';

/** A buffer of which a tape keeps hold, once, for all slots that need it. */
export interface SavedBuffer {
  readonly exact: boolean;
  readonly derivativeCoded: boolean;
  readonly asynchronous: boolean;
  readonly references: { count: number };
  /** What it takes on the device. */
  readonly bytes: number;
  /** The value again, in the shape it was saved with; the caller's scope owns it. */
  restore(): Tensor | Promise<Tensor>;
  prefetch(): void;
  free(): void;
}

/** Kept as it is. */
export class SharedBuffer implements SavedBuffer {
  readonly exact = true;
  readonly derivativeCoded = false;
  readonly asynchronous = false;
  readonly references = { count: 0 };
  private readonly handle: Tensor;
  private readonly version: number;

  constructor(
    source: OperandSource,
    private readonly describe: string,
  ) {
    this.handle = hold(shareData(source));
    this.version = bufferVersion(source.dataId);
  }

  restore(): Tensor {
    if (bufferVersion(this.handle.dataId) !== this.version) {
      throw new TapgradError({
        code: 'SAVED_VALUE_MODIFIED',
        message: `${this.describe} was changed in place between forward and backward`,
        fix: 'update parameters after backward, or run forward again',
      });
    }
    return shareBuffer(this.handle);
  }

  prefetch(): void {}

  get bytes(): number {
    return bytesOf(this.handle);
  }

  free(): void {
    this.handle.dispose();
  }
}

/** Passed through the stages of a pipeline, and undone in reverse. */
export class PackedBuffer implements SavedBuffer {
  readonly references = { count: 0 };
  private readonly packed: Packed;

  constructor(
    value: Tensor,
    private readonly stages: readonly SlotStage[],
  ) {
    this.packed = scoped(() => pack(value, stages));
  }

  get exact(): boolean {
    return this.stages.every((stage) => stage.lossy === undefined && stage.restores !== 'derivative');
  }

  get asynchronous(): boolean {
    return this.stages.some((stage) => stage.asynchronous);
  }

  get derivativeCoded(): boolean {
    return this.stages[0]?.restores === 'derivative';
  }

  get bytes(): number {
    let bytes = 0;
    eachTensor(this.packed, (tensor) => {
      bytes += bytesOf(tensor);
    });
    return bytes;
  }

  restore(): Tensor | Promise<Tensor> {
    return unpack(this.packed);
  }

  prefetch(): void {
    eachStage(this.packed, (stage, value) => stage.prefetch?.(value));
  }

  free(): void {
    eachStage(this.packed, (stage, value) => stage.discard?.(value));
    eachTensor(this.packed, (tensor) => tensor.dispose());
  }
}

/** What one stage made of one tensor, with the tensors in it packed by the stages behind. */
interface Layer {
  readonly stage: SlotStage;
  readonly value: unknown;
  readonly tensors: readonly Packed[];
}
type Packed = Tensor | Layer;

function pack(value: Tensor, stages: readonly SlotStage[]): Packed {
  const [stage, ...rest] = stages;
  if (!stage) return hold(shareBuffer(value));
  const made = guard(stage, () => stage.pack(value));
  return { stage, value: made, tensors: tensorsIn(made).map((tensor) => pack(tensor, rest)) };
}

function unpack(packed: Packed): Tensor | Promise<Tensor> {
  if (packed instanceof Tensor) return shareBuffer(packed);
  const { stage, value, tensors } = packed;
  const inner = tensors.map(unpack);
  const finish = (ready: Tensor[]) => {
    const remaining = [...ready];
    return guard(stage, () => stage.unpack(mapTensors(value, (old) => remaining.shift() ?? old)));
  };
  return inner.some((each) => each instanceof Promise) ? Promise.all(inner).then(finish) : finish(inner as Tensor[]);
}

function eachStage(packed: Packed, f: (stage: SlotStage, value: unknown) => void): void {
  if (packed instanceof Tensor) return;
  guard(packed.stage, () => f(packed.stage, packed.value));
  for (const inner of packed.tensors) eachStage(inner, f);
}

function eachTensor(packed: Packed, f: (tensor: Tensor) => void): void {
  if (packed instanceof Tensor) f(packed);
  else for (const inner of packed.tensors) eachTensor(inner, f);
}

function bytesOf(tensor: Tensor): number {
  return tensor.size * (tensor.dtype === 'complex64' ? 8 : util.bytesPerElement(tensor.dtype));
}

function tensorsIn(value: unknown): Tensor[] {
  const found: Tensor[] = [];
  mapTensors(value, (tensor) => {
    found.push(tensor);
    return tensor;
  });
  return found;
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

function guard<T>(stage: SlotStage, f: () => T): T {
  try {
    return f();
  } catch (thrown) {
    if (thrown instanceof TapgradError) throw thrown;
    const message = messageOf(thrown);
    throw new TapgradError({ code: 'HOOK_FAILED', message, plugin: stage.plugin, hook: 'save', cause: thrown });
  }
}
