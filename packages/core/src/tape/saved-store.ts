import type { DataId, Tensor } from '@tensorflow/tfjs-core';
import { isAlive, shareBuffer } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';
import type { SaveRole } from '../rules/registry.ts';
import { bufferKind } from './buffer-marks.ts';
import type { OperandSource, TapeNode, TrackedValue } from './node.ts';
import { currentPhase } from './phase.ts';
import { PackedBuffer, type SavedBuffer, SharedBuffer } from './saved-buffer.ts';
import { type SaveRequest, type Slot, SlotPlan } from './slot.ts';

/** Longest chain of recomputations behind one derived slot: each is repeated for every slot that needs it. */
const longestChain = 4;

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
  private readonly buffers = new Map<DataId, SavedBuffer>();

  constructor(private readonly policy: SavePolicy) {}

  /** Number of distinct buffers kept, without parameters. */
  get size(): number {
    return [...this.buffers.keys()].filter((dataId) => bufferKind(dataId) === undefined).length;
  }

  get bytes(): number {
    let bytes = 0;
    for (const [dataId, buffer] of this.buffers) if (bufferKind(dataId) === undefined) bytes += buffer.bytes;
    return bytes;
  }

  /** Keeps `tensor` for `node` under `operand`; `producer` is the tracked value it is, if it is one. */
  save(tensor: Tensor, operand: string, role: SaveRole, node: TapeNode, producer: TrackedValue | undefined): Slot {
    const derived = this.policy.derivedSlots && producer?.node !== node && this.derive(tensor, producer, 0);
    return derived || this.slot(this.bufferOf(tensor, operand, role, node), tensor);
  }

  private bufferOf(tensor: Tensor, operand: string, role: SaveRole, node: TapeNode): SavedBuffer {
    const known = this.buffers.get(tensor.dataId);
    // A code of the derivative stands for f'(x): of no use to another operation that needs x itself.
    if (known && (role === 'derivative' || !known.derivativeCoded)) return known;
    const kind = bufferKind(tensor.dataId) ?? 'activation';
    let plan = new SlotPlan();
    if (kind === 'activation' && this.policy.plan) {
      const { shape, dtype } = tensor;
      const bytes = tensor.size * (dtype === 'bool' ? 1 : 4);
      const { kernel, modulePath } = node;
      const owner = this.policy.owner?.();
      plan = this.policy.plan(plan, {
        kernel,
        operand,
        role,
        modulePath,
        shape,
        dtype,
        bytes,
        owner,
        phase: currentPhase(),
        kind,
      });
    }
    const what = `${operand} of ${node.kernel}${node.modulePath ? ` in ${node.modulePath}` : ''}`;
    const made = plan.stages.length > 0 ? new PackedBuffer(tensor, plan.stages) : new SharedBuffer(tensor, what);
    this.buffers.set(tensor.dataId, made);
    if (made instanceof SharedBuffer && kind === 'activation') this.policy.onSaved?.(tensor.dataId, node.modulePath);
    return made;
  }

  private slot(buffer: SavedBuffer, source: OperandSource): Slot {
    buffer.references.count++;
    const { dataId, shape, dtype } = source;
    let open = true;
    return {
      exact: buffer.exact,
      derivativeCoded: buffer.derivativeCoded,
      asynchronous: buffer.asynchronous,
      restore: () => {
        const value = buffer.restore();
        return value instanceof Promise
          ? value.then((late) => viewAs(late, shape, dtype))
          : viewAs(value, shape, dtype);
      },
      prefetch: () => buffer.prefetch(),
      release: () => {
        if (!open) return;
        open = false;
        if (--buffer.references.count > 0) return;
        if (this.buffers.get(dataId) === buffer) this.buffers.delete(dataId);
        buffer.free();
        this.policy.onReleased?.(dataId);
      },
    };
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
  const names = operands.map(([name]) => name);
  const run = (values: Tensor[]) => recompute(Object.fromEntries(values.map((each, i) => [names[i] as string, each])));
  return {
    exact: true,
    derivativeCoded: false,
    asynchronous: operands.some(([, slot]) => slot.asynchronous),
    restore: () => {
      const values = operands.map(([, slot]) => slot.restore());
      return values.some((each) => each instanceof Promise) ? Promise.all(values).then(run) : run(values as Tensor[]);
    },
    prefetch: () => {
      for (const [, slot] of operands) slot.prefetch();
    },
    release: () => {
      for (const [, slot] of operands) slot.release();
    },
  };
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
