import { type DataId, mul, Tensor, util } from '@tensorflow/tfjs-core';
import { bytesOf } from '../device-memory.ts';
import { hold, madeSince, nextTensorId, scoped, scopedUnlessLate, shareBuffer } from '../engine-seam.ts';
import { messageOf, TapgradError } from '../errors.ts';
import { bufferVersion } from './buffer-marks.ts';
import { allOrNone } from './late.ts';
import { untaped } from './recorder.ts';
import { mapTensors, mustBeAsSaved, type SavedBuffer } from './saved-buffer.ts';
import type { SlotStage } from './slot.ts';

/** Told the output of the op that saves a value, if a stage made it as it packed; it belongs to the current tfjs scope. */
export type OnOutput = (y: Tensor) => void;

/** Passed through the stages of a pipeline, and undone in reverse. */
export class PackedBuffer implements SavedBuffer {
  readonly references = { count: 0 };
  readonly tensors: readonly Tensor[];
  readonly bytes: number;
  readonly version: number;
  private readonly packed: Packed;
  private readonly dataId: DataId;

  constructor(
    value: Tensor,
    private readonly stages: readonly SlotStage[],
    private readonly describe: string,
    onOutput?: OnOutput,
  ) {
    this.dataId = value.dataId;
    this.version = bufferVersion(value.dataId);
    // The forward is being recorded: what a stage computes is no part of it.
    let packed: Packed | undefined;
    const output = untaped(() =>
      // Given to the scope, what a stage made would be searched for tensors, number by number if it holds some.
      scoped(() => {
        let made: Tensor | undefined;
        packed = pack(value, stages, onOutput && ((y) => (made = y)));
        return made;
      }),
    );
    if (output) onOutput?.(output);
    this.packed = packed as unknown as Packed;
    this.tensors = held(this.packed);
    this.bytes = this.tensors.reduce((bytes, tensor) => bytes + bytesOf(tensor), 0);
  }

  get exact(): boolean {
    return this.stages.every((stage) => stage.lossy === undefined && stage.restores !== 'derivative');
  }

  get derivativeCoded(): boolean {
    return this.stages[0]?.restores === 'derivative';
  }

  get asynchronous(): boolean {
    return this.stages.some((stage) => stage.asynchronous);
  }

  get now(): boolean {
    return this.stages.every((stage) => !stage.asynchronous || stage.unpackNow);
  }

  restore(): Tensor {
    this.mustBeAsSaved();
    return unpack(this.packed);
  }

  restoreTimes(dy: Tensor): Tensor {
    const { packed } = this;
    const stage = packed instanceof Tensor ? undefined : packed.stage;
    if (!stage?.unpackTimes) return mul(dy, this.restore());
    this.mustBeAsSaved();
    return guard(stage, () => stage.unpackTimes?.(inner(packed as Layer), dy) as Tensor);
  }

  async restoreLate(): Promise<Tensor> {
    this.mustBeAsSaved();
    return unpackLate(this.packed);
  }

  prefetch(): void {
    eachStage(this.packed, (stage, value) => stage.prefetch?.(value));
  }

  free(): void {
    discard(this.packed);
  }

  private mustBeAsSaved(): void {
    mustBeAsSaved(this.dataId, this.version, this.describe);
  }
}

/** What one stage made of one tensor, with the tensors in it packed by the stages behind. */
interface Layer {
  readonly stage: SlotStage;
  readonly value: unknown;
  readonly tensors: readonly Packed[];
}
type Packed = Tensor | Layer;

function pack(value: Tensor, stages: readonly SlotStage[], onOutput?: OnOutput): Packed {
  const [stage, ...rest] = stages;
  if (!stage) return hold(shareBuffer(value));
  const made = guard(stage, () => {
    const both = onOutput && stage.packWithOutput?.(value);
    if (!both) return stage.pack(value);
    if (!util.arraysEqual(both.output.shape, value.shape) || both.output.dtype !== value.dtype) {
      throw new Error(
        `packWithOutput made [${both.output.shape}], ${both.output.dtype}, of [${value.shape}], ${value.dtype}`,
      );
    }
    onOutput(both.output);
    return both.packed;
  });
  const tensors: Packed[] = [];
  try {
    for (const tensor of tensorsIn(made)) tensors.push(pack(tensor, rest));
  } catch (thrown) {
    discard({ stage, value: made, tensors });
    throw thrown;
  }
  return { stage, value: made, tensors };
}

/** The value again; the caller's scope owns it. */
function unpack(packed: Packed): Tensor {
  if (packed instanceof Tensor) return shareBuffer(packed);
  const { stage } = packed;
  const made = guard(stage, () => (stage.unpackNow ?? stage.unpack).call(stage, inner(packed)));
  if (!(made instanceof Promise)) return made;
  made.then((late) => late.dispose()).catch(() => undefined);
  throw new TapgradError({
    code: 'ASYNC_RESTORE',
    message: 'unpack returned a promise',
    plugin: stage.plugin,
    hook: 'save',
    fix: 'set asynchronous: true on the stage',
  });
}

/** What the stage made, the stages behind undone. */
function inner(layer: Layer): unknown {
  return refilled(layer, layer.tensors.map(unpack));
}

/** The value again; no scope holds it, and the caller must dispose it. */
async function unpackLate(packed: Packed): Promise<Tensor> {
  if (packed instanceof Tensor) return hold(shareBuffer(packed));
  const { stage } = packed;
  const inner = await allOrNone(packed.tensors.map(unpackLate));
  let made: Tensor | undefined;
  try {
    made = await scopedUnlessLate(() => {
      const first = nextTensorId();
      const result = stage.unpack(refilled(packed, inner));
      if (result instanceof Promise) return result;
      return hold(inner.includes(result) || madeSince(first, result) ? result : shareBuffer(result));
    });
    return hold(made);
  } catch (thrown) {
    throw hookFailed(stage, thrown);
  } finally {
    for (const each of inner) if (each !== made) each.dispose();
  }
}

/** What the stage made, with the tensors in it restored by the stages behind. */
function refilled({ value }: Layer, tensors: readonly Tensor[]): unknown {
  let index = 0;
  return mapTensors(value, (old) => tensors[index++] ?? old);
}

function discard(packed: Packed): void {
  try {
    eachStage(packed, (stage, value) => stage.discard?.(value));
  } finally {
    for (const tensor of held(packed)) tensor.dispose();
  }
}

function eachStage(packed: Packed, f: (stage: SlotStage, value: unknown) => void): void {
  if (packed instanceof Tensor) return;
  guard(packed.stage, () => f(packed.stage, packed.value));
  for (const inner of packed.tensors) eachStage(inner, f);
}

/** The tensors that the last stages made: what is really kept. */
function held(packed: Packed): Tensor[] {
  return packed instanceof Tensor ? [packed] : packed.tensors.flatMap(held);
}

function tensorsIn(value: unknown): Tensor[] {
  const found: Tensor[] = [];
  mapTensors(value, (tensor) => {
    found.push(tensor);
    return tensor;
  });
  return found;
}

function guard<T>(stage: SlotStage, f: () => T): T {
  try {
    return f();
  } catch (thrown) {
    throw hookFailed(stage, thrown);
  }
}

function hookFailed(stage: SlotStage, thrown: unknown): TapgradError {
  if (thrown instanceof TapgradError) return thrown;
  const message = messageOf(thrown);
  return new TapgradError({ code: 'HOOK_FAILED', message, plugin: stage.plugin, hook: 'save', cause: thrown });
}
