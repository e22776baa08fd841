import { copyOf, type PluginContext } from '@tapgrad/core';
import { concat, keep, reshape, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type Group, groupsOf } from './groups.ts';
import { meanChange } from './math.ts';

/** A moment of training. */
export interface Moment {
  /** Updates made so far. */
  readonly step: number;
  readonly task?: number;
  readonly epoch?: number;
}

/** How much each group changed between two moments: the mean absolute change of its scalars. */
export interface Change {
  readonly from: Moment;
  readonly to: Moment;
  readonly changes: Readonly<Record<string, number>>;
}

/** What was measured of each group of parameters and statistics; it is JSON. */
export interface SensitivityReport {
  readonly groups: readonly { readonly name: string; readonly type: Group['type']; readonly scalars: number }[];
  /** In the order of time; the last 100 at most. */
  readonly intervals: readonly Change[];
}

/** Its report would otherwise grow with the length of training. */
const remembered = 100;

type Services = Pick<PluginContext<unknown>, 'name' | 'ledger' | 'modules' | 'trainableParameters' | 'step'>;

/** Measures how much groups change between moments. Costs a copy of every parameter and statistic. */
export class SensitivityMeter {
  private intervals: Change[] = [];
  private since: Moment | undefined;
  private readonly values = new Map<string, Tensor>();

  constructor(
    private readonly services: Services,
    private readonly stages: readonly string[],
  ) {}

  /** The latest interval. */
  get latest(): Change | undefined {
    return this.intervals.at(-1);
  }

  get report(): SensitivityReport {
    const groups = this.groups().map(({ name, type, states }) => ({
      name,
      type,
      scalars: [...states.values()].reduce((count, { size }) => count + size, 0),
    }));
    return { groups, intervals: [...this.intervals] };
  }

  /** An interval begins, unless one has. What was added to the stack since then is measured from now. */
  begin(details: Omit<Moment, 'step'> = {}): void {
    this.since ??= { ...details, step: this.services.step() };
    for (const { states } of this.groups()) {
      for (const [name, { variable, shape }] of states) {
        if (this.values.get(name)?.shape.join() !== shape.join()) this.store(name, variable);
      }
    }
  }

  /** The interval ends here, and the next begins. */
  async measure(details: Omit<Moment, 'step'> = {}): Promise<void> {
    const { since } = this;
    if (!since) return;
    const groups = this.groups().filter(({ states }) =>
      [...states].every(([name, { shape }]) => this.values.get(name)?.shape.join() === shape.join()),
    );
    const to = { ...details, step: this.services.step() };
    this.intervals.push({ from: since, to, changes: await this.changesOf(groups) });
    this.intervals.splice(0, this.intervals.length - remembered);
    this.renew(to);
  }

  /** The interval begins anew, from the values of now. */
  renew(from: Moment): void {
    this.dispose();
    this.since = from;
    this.begin();
  }

  json() {
    return { since: this.since, intervals: [...this.intervals] };
  }

  /** For `saveState`. */
  tensors(prefix = 'mark/'): Map<string, Tensor> {
    return new Map([...this.values].map(([name, value]) => [prefix + name, value]));
  }

  load(json: ReturnType<SensitivityMeter['json']>, tensors: ReadonlyMap<string, Tensor>, prefix = 'mark/'): void {
    this.dispose();
    this.since = json.since;
    this.intervals = [...json.intervals];
    for (const [name, value] of tensors) if (name.startsWith(prefix)) this.store(name.slice(prefix.length), value);
  }

  dispose(): void {
    for (const value of this.values.values()) value.dispose();
    this.values.clear();
    this.since = undefined;
  }

  private groups(): Group[] {
    return groupsOf(this.services, this.stages);
  }

  private store(name: string, value: Tensor): void {
    const copy = keep(copyOf(value));
    this.services.ledger.claim(copy, 'plugin', this.services.name);
    this.values.get(name)?.dispose();
    this.values.set(name, copy);
  }

  private async changesOf(groups: readonly Group[]): Promise<Record<string, number>> {
    if (groups.length === 0) return {};
    const all = tidy(() =>
      keep(
        concat(
          groups.map(({ states }) => {
            const before = [...states.keys()].map((name) => this.values.get(name) as Tensor);
            const after = [...states.values()].map(({ variable }) => variable);
            return reshape(meanChange(before, after), [1]);
          }),
        ),
      ),
    );
    try {
      const values = await all.data();
      return Object.fromEntries(groups.map(({ name }, i) => [name, values[i] as number]));
    } finally {
      all.dispose();
    }
  }
}
