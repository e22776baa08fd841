import { type HostTransfer, type HostValues, hostTransfer, randomStream } from '@tapgrad/core';
import {
  add,
  backend,
  concat,
  engine,
  mul,
  reverse,
  slice,
  type Tensor1D,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWebgpu } from './index.ts';
import type { Internals } from './stock-backend.ts';
import { poisonFreedMemory } from './test-poison.ts';
import type { TrainingBackend } from './training-backend.ts';
import { type Uniform, u32 } from './uniforms.ts';

beforeAll(async () => {
  await useWebgpu();
  poisonFreedMemory();
});

const gpu = () => backend() as TrainingBackend;

/** A tensor, and what must be in it. */
interface Known {
  readonly tensor: Tensor1D;
  readonly values: Int32Array;
}

/** Up to 16 words come with the uniforms, more by the queue. */
const sizes = [1, 4, 16, 17, 64, 100, 1000, 5000];

/**
 * Makes, frees, uploads, copies and reads tensors in random order, waiting seldom, so that buffers serve one after the other while commands
 * that use them are not submitted; every value that is read must be what it would be without all that.
 */
class RandomProgram {
  private readonly random;
  private readonly live: Known[] = [];
  private readonly away: { readonly copy: HostValues; readonly values: Int32Array }[] = [];
  private readonly checks: Promise<void>[] = [];

  constructor(seed: number) {
    this.random = randomStream(seed, 'hazards');
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      const kinds = [this.upload, this.combine, this.combine, this.scale, this.move, this.free, this.free, this.leave];
      kinds[this.random.integer(kinds.length)]!.call(this);
      if (this.random.integer(20) === 0) this.read();
      if (this.random.integer(100) === 0) gpu().trim();
      // As when memory is short: nothing is submitted for it.
      if (this.random.integer(50) === 0) (gpu() as unknown as Internals).bufferManager.trim();
      if (this.random.integer(150) === 0) await this.comeBack();
    }
    await this.comeBack();
    while (this.live.length > 0) {
      this.read();
      this.free();
    }
    await Promise.all(this.checks);
  }

  private pick(): Known {
    if (this.live.length === 0) this.upload();
    return this.live[this.random.integer(this.live.length)]!;
  }

  private keep(tensor: Tensor1D, values: Int32Array): void {
    this.live.push({ tensor, values });
    if (this.live.length > 40) this.free();
  }

  private upload(): void {
    const size = sizes[this.random.integer(sizes.length)]!;
    const values = Int32Array.from({ length: size }, () => this.random.bits() | 0);
    this.keep(tensor1d(values.slice(), 'int32'), values);
  }

  private combine(): void {
    const [a, b] = [this.pick(), this.pick()];
    const size = Math.min(a.values.length, b.values.length);
    const made = tidy(() => add(slice(a.tensor, 0, size), slice(b.tensor, 0, size)) as Tensor1D);
    this.keep(
      made,
      a.values.slice(0, size).map((value, i) => (value + b.values[i]!) | 0),
    );
  }

  private scale(): void {
    const { tensor, values } = this.pick();
    const factor = this.random.bits() | 0;
    this.keep(
      tidy(() => mul(tensor, tensor1d([factor], 'int32'))),
      values.map((value) => Math.imul(value, factor)),
    );
  }

  private move(): void {
    const [a, b] = [this.pick(), this.pick()];
    if (a.values.length + b.values.length > 8000) return;
    const made = tidy(() => concat([reverse(a.tensor), b.tensor]));
    this.keep(made, Int32Array.from([...a.values.toReversed(), ...b.values]));
  }

  private free(): void {
    const [known] = this.live.splice(this.random.integer(Math.max(this.live.length, 1)), 1);
    known?.tensor.dispose();
  }

  /** To the host's memory, without a wait; the tensor goes at once. */
  private leave(): void {
    if (this.live.length < 5) return;
    const [{ tensor, values }] = this.live.splice(this.random.integer(this.live.length), 1) as [Known];
    const copy = (hostTransfer() as HostTransfer).toHost(tensor.dataId);
    tensor.dispose();
    if (this.random.integer(4) === 0) copy.free();
    else this.away.push({ copy, values });
  }

  private async comeBack(): Promise<void> {
    for (const { copy, values } of this.away.splice(0)) {
      await copy.whenArrived();
      const info = (hostTransfer() as HostTransfer).fromHost(copy.values!, [values.length], 'int32');
      copy.free();
      this.keep(engine().makeTensorFromTensorInfo(info, backend()) as Tensor1D, values);
    }
  }

  /** Sees the values later; the tensor may be gone by then. */
  private read(): void {
    const { tensor, values } = this.pick();
    this.checks.push(tensor.data().then((found) => expect(found).toEqual(values)));
  }
}

it.each([1, 2, 3, 4])('buffers that serve again keep what was asked of them: program %i', (seed) =>
  new RandomProgram(seed).run(2000),
);

describe('uniforms of more dispatches than there is room for', () => {
  const numbers = 1000;

  /** Each writes the last of its many uniforms. */
  async function written(count: number, around: (f: () => void) => unknown): Promise<number[]> {
    const out = Array.from({ length: count }, () => gpu().output([1], 'int32'));
    await around(() => {
      for (const [i, tensor] of out.entries()) {
        const uniforms: Record<string, Uniform> = {};
        for (let at = 0; at < numbers; at++) uniforms[`u${at}`] = u32(at === numbers - 1 ? i + 1 : 0);
        gpu().dispatch({
          name: 'many-uniforms',
          read: {},
          write: { out: [tensor, 'u32'] },
          uniforms,
          code: () => `@compute @workgroup_size(1) fn main() { out[0] = uniforms.u${numbers - 1}; }`,
          workgroups: 1,
        });
      }
    });
    const values: number[] = [];
    for (const { dataId } of out) {
      values.push(((await gpu().read(dataId)) as Int32Array)[0]!);
      gpu().disposeData(dataId);
    }
    return values;
  }

  const expected = Array.from({ length: 200 }, (_, i) => i + 1);

  it('are each dispatch’s own', async () => {
    expect(await written(200, (f) => f())).toEqual(expected);
  });

  it('also while kernels are measured, on a device that cannot', async () => {
    const internals = gpu() as unknown as { -readonly [Key in keyof Internals]: Internals[Key] };
    const { supportTimestampQuery } = internals;
    internals.supportTimestampQuery = false;
    try {
      expect(await written(200, (f) => gpu().time(f))).toEqual(expected);
    } finally {
      internals.supportTimestampQuery = supportTimestampQuery;
    }
  });
});
