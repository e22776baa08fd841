import type { Batch, PluginContext, PluginState, RandomStream } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { keep, tensor1d } from '@tensorflow/tfjs-core';
import { Budget } from './budget.ts';
import { choose } from './math.ts';
import type { CheckedMemoryOptions } from './options.ts';
import { ClassBalanced, type Policy, Reservoir, type SampleInfo } from './policies.ts';
import type { ReplayMemory } from './replay-memory.ts';
import { keptRow, ownBuffer, rowBytes } from './rows.ts';
import { type Sample, SampleStore } from './sample-store.ts';
import { SideRequests, type SideValue } from './side-requests.ts';

type Leaves = ReadonlyMap<string, Tensor>;

interface SavedMemory {
  readonly samples: readonly SampleInfo[];
  readonly came: number;
  readonly budget: unknown;
  readonly policy: unknown;
}

/** What the plugin `memory` keeps, and how samples enter it. */
export class Memory implements ReplayMemory {
  readonly sides = new SideRequests();
  readonly policy: ReplayMemory['policy'];
  private readonly choice: Policy;
  private readonly budget: Budget;
  private readonly store: SampleStore;
  private came = 0;

  constructor(
    private readonly context: Pick<PluginContext<unknown>, 'ledger' | 'name' | 'enabled'>,
    options: CheckedMemoryOptions,
  ) {
    this.policy = options.policy;
    this.choice = options.policy === 'class-balanced' ? new ClassBalanced(options.replacement) : new Reservoir();
    this.budget = new Budget(options);
    this.store = new SampleStore(options.padding);
  }

  get size(): number {
    return this.context.enabled() ? this.store.samples.length : 0;
  }

  get capacity(): number {
    return this.budget.capacity;
  }

  get bytes(): number {
    return this.store.bytes;
  }

  get padding(): number {
    return this.store.padding;
  }

  /** Whether the class of each sample must be told. */
  get byClass(): boolean {
    return this.choice.byClass;
  }

  draw(count: number, random: RandomStream): Batch | undefined {
    if (this.size === 0 || count < 1) return undefined;
    return this.store.batch(choose(this.size, count, random), this.sides.names);
  }

  batches(batchSize: number, random?: RandomStream): Iterable<Batch> {
    return this.size === 0 ? [] : this.store.batches(batchSize, this.sides.names, random);
  }

  keepSide(name: string, of: SideValue): () => void {
    return this.sides.add(name, of);
  }

  /** Makes room for samples as large as the rows of these tensors. */
  prepare(leaves: Leaves, random: RandomStream): void {
    let bytes = 0;
    for (const tensor of leaves.values()) bytes += rowBytes(tensor);
    this.budget.expect(bytes);
    while (this.store.samples.length > this.capacity) this.store.remove(random.integer(this.store.samples.length));
  }

  /** Offers row `row` of these tensors; only if it is kept, it is copied. */
  offer(leaves: Leaves, row: number, label: number | undefined, random: RandomStream): void {
    const place = this.choice.place(this.store, this.capacity, label, random);
    const order = this.came++;
    if (place !== undefined)
      this.store.put(place, this.rowOf(leaves, row, { order, ...(label !== undefined && { label }) }));
  }

  /** Of each group the samples with the lowest ranks, `share` of them; what has no group goes. */
  shrink(share: number, gone: ReadonlySet<string>): void {
    this.store.keepOnly(({ group, rank = 0 }) => group !== undefined && rank < share && !gone.has(group));
  }

  /** Adds a sample that was chosen for a group. */
  add(leaves: Leaves, row: number, info: Omit<SampleInfo, 'order'>): void {
    this.store.put(this.store.samples.length, this.rowOf(leaves, row, { ...info, order: this.came++ }));
  }

  groups(): Set<string> {
    return new Set(this.store.samples.flatMap(({ group }) => (group === undefined ? [] : [group])));
  }

  private rowOf(leaves: Leaves, row: number, info: SampleInfo): Sample {
    const index = tensor1d([row], 'int32');
    try {
      return { ...info, leaves: this.claimed([...leaves].map(([path, tensor]) => [path, keptRow(tensor, index)])) };
    } finally {
      index.dispose();
    }
  }

  private claimed(entries: readonly (readonly [string, Tensor])[]): Leaves {
    const { ledger, name } = this.context;
    for (const [, tensor] of entries) ledger.claim(tensor, 'plugin', name);
    return new Map(entries);
  }

  saveState(): PluginState {
    const { samples } = this.store;
    const tensors = samples.flatMap(({ leaves }, i) =>
      [...leaves].map(([path, each]) => [`${i}/${path}`, each] as const),
    );
    const infos = samples.map(({ leaves: _, ...info }): SampleInfo => info);
    const json: SavedMemory = {
      samples: infos,
      came: this.came,
      budget: this.budget.json(),
      policy: this.choice.json(),
    };
    return { tensors: new Map(tensors), json };
  }

  loadState({ tensors, json }: PluginState): void {
    const { samples, came, budget, policy } = json as SavedMemory;
    // The state may hold what is stored now.
    const leaves = samples.map((): [string, Tensor][] => []);
    for (const [name, tensor] of tensors ?? []) {
      const end = name.indexOf('/');
      leaves[Number(name.slice(0, end))]?.push([name.slice(end + 1), keep(ownBuffer(tensor))]);
    }
    this.store.clear();
    this.came = came;
    this.budget.load(budget);
    this.choice.load(policy);
    for (const [i, info] of samples.entries()) this.store.put(i, { ...info, leaves: this.claimed(leaves[i] ?? []) });
  }

  clear(): void {
    this.store.clear();
  }
}
