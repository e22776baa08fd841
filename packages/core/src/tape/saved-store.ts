import { type DataId, mul, type Tensor } from '@tensorflow/tfjs-core';
import { bytesOf } from '../device-memory.ts';
import { hold, isAlive, scoped, shareBuffer } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';
import type { SaveRole } from '../rules/registry.ts';
import { bufferKind, bufferVersion } from './buffer-marks.ts';
import { allOrNone } from './late.ts';
import type { OperandSource, TapeNode, TrackedValue } from './node.ts';
import { type OnOutput, PackedBuffer } from './packed-buffer.ts';
import { currentPhase } from './phase.ts';
import { untaped } from './recorder.ts';
import { type SavedBuffer, SharedBuffer } from './saved-buffer.ts';
import { type SaveRequest, type Slot, SlotPlan } from './slot.ts';

/** Longest chain of recomputations behind one derived slot: each is repeated for every slot that needs it. */
const longestChain = 4;

/** Whose value it is. */
type SavingNode = Pick<TapeNode, 'kernel' | 'attrs' | 'modulePath'>;

export interface SavePolicy {
  /** The `save` hook: what a plugin wants done with a value. */
  readonly plan: ((plan: SlotPlan, request: SaveRequest) => SlotPlan) | undefined;
  readonly derivedSlots: boolean;
  /** Told when a buffer becomes saved, and when nothing needs it any more. */
  readonly onSaved?: ((dataId: DataId, modulePath: string) => void) | undefined;
  readonly onReleased?: ((dataId: DataId) => void) | undefined;
  readonly owner?: (() => string | undefined) | undefined;
}

/** What one tape keeps for backward: every buffer once, however many slots need it. */
export class SavedStore {
  /** Those that hold a value itself, to be found again by who saves the same buffer. */
  private readonly buffers = new Map<DataId, SavedBuffer>();
  /** What is kept because of this tape alone: no parameters, nothing of the batch. */
  private readonly counted = new Set<SavedBuffer>();

  constructor(private readonly policy: SavePolicy) {}

  /** Number of distinct values kept, without parameters. */
  get size(): number {
    return this.counted.size;
  }

  get bytes(): number {
    let bytes = 0;
    for (const buffer of this.counted) bytes += buffer.bytes;
    return bytes;
  }

  /** Plugins are asked what is to be done with a value. */
  get plans(): boolean {
    return this.policy.plan !== undefined;
  }

  /** Keeps `tensor` for a node under `operand`; `producer` is the tracked value it is, if it is one. */
  save(
    tensor: Tensor,
    operand: string,
    role: SaveRole,
    node: SavingNode,
    producer: TrackedValue | undefined,
    onOutput?: OnOutput,
  ): Slot {
    const derived = this.policy.derivedSlots && producer?.node !== node && this.derive(tensor, producer, 0);
    return derived || this.slot(this.bufferOf(tensor, operand, role, node, onOutput), tensor);
  }

  private bufferOf(
    tensor: Tensor,
    operand: string,
    role: SaveRole,
    node: SavingNode,
    onOutput?: OnOutput,
  ): SavedBuffer {
    const known = this.buffers.get(tensor.dataId);
    // A buffer written in place since then holds another value.
    if (known?.version === bufferVersion(tensor.dataId)) return known;
    const kind = bufferKind(tensor.dataId) ?? 'activation';
    const { stages } = kind === 'activation' ? this.plan(tensor, operand, role, node) : new SlotPlan();
    const what = `${operand} of ${node.kernel}${node.modulePath ? ` in ${node.modulePath}` : ''}`;
    const made = stages.length > 0 ? new PackedBuffer(tensor, stages, what, onOutput) : new SharedBuffer(tensor, what);
    // A code of the derivative is of use to this one node: another op of the same value has another derivative.
    if (!made.derivativeCoded) this.buffers.set(tensor.dataId, made);
    if (kind === 'activation') {
      this.counted.add(made);
      for (const each of made.tensors) this.policy.onSaved?.(each.dataId, node.modulePath);
    }
    return made;
  }

  /** What plugins want done with an activation. */
  private plan(tensor: Tensor, operand: string, role: SaveRole, { kernel, attrs, modulePath }: SavingNode): SlotPlan {
    const { plan, owner } = this.policy;
    if (!plan) return new SlotPlan();
    const request: SaveRequest = {
      kernel,
      operand,
      role,
      attrs,
      modulePath,
      shape: tensor.shape,
      dtype: tensor.dtype,
      bytes: bytesOf(tensor),
      owner: owner?.(),
      phase: currentPhase(),
      kind: 'activation',
    };
    return untaped(() => plan(new SlotPlan(), request));
  }

  private slot(buffer: SavedBuffer, source: OperandSource): Slot {
    buffer.references.count++;
    const { dataId, shape, dtype } = source;
    let open = true;
    return {
      exact: buffer.exact,
      derivativeCoded: buffer.derivativeCoded,
      asynchronous: buffer.asynchronous,
      now: buffer.now,
      restore: () => viewAs(buffer.restore(), shape, dtype),
      restoreTimes: (dy) => buffer.restoreTimes(dy),
      restoreLate: async () => viewOfLate(await buffer.restoreLate(), shape, dtype),
      prefetch: () => buffer.prefetch(),
      release: () => {
        if (!open) return;
        open = false;
        if (--buffer.references.count === 0) this.free(buffer, dataId);
      },
    };
  }

  private free(buffer: SavedBuffer, dataId: DataId): void {
    if (this.buffers.get(dataId) === buffer) this.buffers.delete(dataId);
    const counted = this.counted.delete(buffer);
    const dataIds = buffer.tensors.map((tensor) => tensor.dataId);
    buffer.free();
    if (counted) for (const each of dataIds) this.policy.onReleased?.(each);
  }

  /** A slot that recomputes its value from what is kept anyway; undefined if it is not all kept. */
  private derive(tensor: OperandSource, value: TrackedValue | undefined, chain: number): Slot | undefined {
    const node = value?.node;
    if (node?.kernel === 'tap') return this.derive(tensor, node.inputs.x, chain);
    if (!node?.recompute || !node.sources || value?.output !== 0 || node.released || chain >= longestChain) return;
    if (this.buffers.has(tensor.dataId)) return;
    const operands: [string, Slot][] = [];
    for (const [name, source] of Object.entries(node.sources)) {
      const slot = this.keptOperand(node, name, source, chain);
      if (!slot?.exact || slot.derivativeCoded) {
        for (const [, kept] of operands) kept.release();
        slot?.release();
        return;
      }
      operands.push([name, slot]);
    }
    return derivedSlot(node.recompute, operands);
  }

  private keptOperand(node: TapeNode, name: string, source: OperandSource, chain: number): Slot | undefined {
    const known = this.buffers.get(source.dataId);
    if (known) return this.slot(known, source);
    if (bufferKind(source.dataId) === 'parameter' && isAlive(source.dataId)) {
      const buffer = new SharedBuffer(source, `${name} of ${node.kernel}`);
      this.buffers.set(source.dataId, buffer);
      return this.slot(buffer, source);
    }
    return this.derive(source, node.inputs[name], chain + 1);
  }
}

function derivedSlot(recompute: (operands: Record<string, Tensor>) => Tensor, operands: [string, Slot][]): Slot {
  const run = (values: Tensor[]) =>
    untaped(() => recompute(Object.fromEntries(values.map((each, i) => [operands[i]?.[0] ?? '', each]))));
  const restore = () => run(operands.map(([, slot]) => slot.restore()));
  return {
    exact: true,
    derivativeCoded: false,
    asynchronous: operands.some(([, slot]) => slot.asynchronous),
    now: operands.every(([, slot]) => slot.now),
    restore,
    restoreTimes: (dy) => mul(dy, restore()),
    async restoreLate() {
      const values = await allOrNone(operands.map(([, slot]) => slot.restoreLate()));
      try {
        return scoped(() => hold(run(values)));
      } finally {
        for (const value of values) value.dispose();
      }
    },
    prefetch: () => {
      for (const [, slot] of operands) slot.prefetch();
    },
    release: () => {
      for (const [, slot] of operands) slot.release();
    },
  };
}

/** As `viewAs`; takes the place of a value that no scope holds. */
function viewOfLate(value: Tensor, shape: readonly number[], dtype: string): Tensor {
  try {
    const view = viewAs(value, shape, dtype);
    if (view === value) return value;
    hold(view);
    value.dispose();
    return view;
  } catch (thrown) {
    value.dispose();
    throw thrown;
  }
}

function viewAs(value: Tensor, shape: readonly number[], dtype: string): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  if (value.size !== size || value.dtype !== dtype) {
    throw new TapgradError({
      code: 'RESTORED_VALUE_DIFFERS',
      message: `a saved value of shape [${shape}], ${dtype}, came back as [${value.shape}], ${value.dtype}`,
      hook: 'save',
      fix: 'let unpack return a tensor of the shape and dtype that pack was given',
    });
  }
  return value.shape.length === shape.length && value.shape.every((length, axis) => length === shape[axis])
    ? value
    : shareBuffer(value, shape);
}
