import { type Stack, TapgradError } from '@tapgrad/core';
import {
  type CheckpointSource,
  checkpointBytes,
  loadCheckpoint,
  type OpenCheckpoint,
  openCheckpoint,
} from '../checkpoint/checkpoint.ts';
import { type CheckpointStore, checkpointFolder } from '../checkpoint/folder.ts';
import type { StreamPosition } from '../tasks/stream-position.ts';
import type { CheckpointEvent } from './events.ts';
import type { Position } from './position.ts';

export interface CheckpointOptions {
  /** A folder's path (Node), or a store of one's own. */
  readonly store: string | URL | CheckpointStore;
  /** Number of updates between checkpoints, or after each epoch; the default. There is always one at the end and at an abort. */
  readonly every?: number | 'epoch';
  /** How many of the newest stay; default 2. The best, where a trainer restores it, stays besides. */
  readonly keep?: number;
}

const bestName = 'best.safetensors';
const nameOf = (step: number) => `step-${String(step).padStart(9, '0')}.safetensors`;

/** The checkpoints of one trainer. */
export class Checkpoints {
  private readonly store: CheckpointStore;
  private readonly every: number | 'epoch';
  private readonly keep: number;

  constructor(options: CheckpointOptions | CheckpointOptions['store']) {
    const { store, every = 'epoch', keep = 2 } = isOptions(options) ? options : { store: options };
    this.store = typeof store === 'string' || store instanceof URL ? checkpointFolder(store) : store;
    this.every = every;
    this.keep = keep;
  }

  isDueAfterStep(step: number): boolean {
    return typeof this.every === 'number' && step > 0 && step % this.every === 0;
  }

  get isDueAfterEpoch(): boolean {
    return this.every === 'epoch';
  }

  /** The newest, or undefined where there is none. */
  async newest(): Promise<OpenCheckpoint | undefined> {
    const name = (await this.names()).at(-1);
    return name === undefined ? undefined : openCheckpoint(new Uint8Array(await this.store.read(name)));
  }

  /** @param stream where it stands, if the run is that of one of its tasks */
  async save(stack: Stack<unknown>, position: Position | undefined, stream?: StreamPosition): Promise<CheckpointEvent> {
    const step = position?.step ?? 0;
    const name = nameOf((stream?.stepsBefore ?? 0) + step);
    await this.store.write(name, await checkpointBytes(stack, {}, position, stream));
    for (const old of (await this.names()).slice(0, -this.keep)) await this.store.remove(old);
    return { kind: 'checkpoint', name, step };
  }

  async saveBest(bytes: Uint8Array): Promise<void> {
    await this.store.write(bestName, bytes);
  }

  async readBest(): Promise<Uint8Array> {
    return this.store.read(bestName);
  }

  private async names(): Promise<string[]> {
    return (await this.store.list()).filter((name) => /^step-\d+\.safetensors$/.test(name)).sort();
  }
}

/**
 * The checkpoint that a run goes on from, if there is one.
 * @throws TapgradError CHECKPOINT_SEED
 */
export async function openResumed(
  stack: Stack<unknown>,
  resume: boolean | CheckpointSource | undefined,
  checkpoints: Checkpoints | undefined,
): Promise<OpenCheckpoint | undefined> {
  if (resume === undefined || resume === false) return undefined;
  const found = resume === true ? await checkpoints?.newest() : await openCheckpoint(resume);
  if (found && found.stack.seed !== stack.seed) {
    throw new TapgradError({
      code: 'CHECKPOINT_SEED',
      message: `the run had seed ${found.stack.seed}, the stack has ${stack.seed}`,
      fix: `attach(model, plugins, { …, seed: ${found.stack.seed} })`,
    });
  }
  return found;
}

/** The model and its plugins as they were at the best evaluation: in the store, else in memory. */
export class BestState {
  private bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(
    private readonly stack: Stack<unknown>,
    private readonly checkpoints: Checkpoints | undefined,
  ) {}

  async save(): Promise<void> {
    const bytes = await checkpointBytes(this.stack, { parts: ['model', 'plugins'] });
    if (this.checkpoints) await this.checkpoints.saveBest(bytes);
    else this.bytes = bytes;
  }

  async restore(): Promise<void> {
    const bytes = this.checkpoints ? await this.checkpoints.readBest() : this.bytes;
    if (!bytes) {
      throw new TapgradError({
        code: 'CHECKPOINT_MISSING',
        message: 'the best state was reached before the run was resumed, and was not kept',
        fix: 'give the Trainer { checkpoints }, so that the best state outlives the process',
      });
    }
    await loadCheckpoint(this.stack, new Uint8Array(bytes));
  }
}

function isOptions(options: CheckpointOptions | CheckpointOptions['store']): options is CheckpointOptions {
  return typeof options === 'object' && 'store' in options;
}
