import { Module, type Parameter, type RandomStream, untaped } from '@tapgrad/core';
import { Dropout, initializers, Linear } from '@tapgrad/nn';
import { slice, type Tensor, tanh, tidy } from '@tensorflow/tfjs-core';

export interface PrefixSizes {
  readonly count: number;
  /** Width of each attention of this kind. */
  readonly widths: readonly number[];
  readonly hidden: number;
  readonly dropout: number;
  readonly random: RandomStream;
}

/** Learned keys and values of an attention, `[count, width]` each. */
export interface Prefix {
  readonly key: Tensor;
  readonly value: Tensor;
}

/** Both parametrisations start as N(0, 0.02²), biases as 0. */
const initializer = initializers.normal(0.02);

/** Tables that train directly: to the prefix of attention number `index`. */
export class PrefixTables extends Module<[index: number], Prefix> {
  readonly keys: readonly Parameter[];
  readonly values: readonly Parameter[];
  readonly dropout: Dropout;

  constructor({ count, widths, dropout, random }: PrefixSizes) {
    super();
    const table = (width: number) => initializers.initialParameter([count, width], initializer, random);
    this.keys = widths.map(table);
    this.values = widths.map(table);
    this.dropout = new Dropout(dropout);
  }

  override forward(index: number): Prefix {
    const read = (tables: readonly Parameter[]) => this.dropout.call((tables[index] as Parameter).read());
    return { key: read(this.keys), value: read(this.values) };
  }
}

/**
 * A table `[count, width]` through a layer of `hidden` units and tanh to the keys and values of all attentions, side by
 * side: `[count, 2 · sum of widths]` (Li & Liang 2021, arXiv:2101.00190, section 4.3).
 */
export class PrefixNetwork extends Module<[]> {
  readonly table: Parameter;
  readonly down: Linear;
  readonly up: Linear;
  readonly dropout: Dropout;

  constructor(private readonly sizes: PrefixSizes) {
    super();
    const { count, widths, hidden, dropout, random } = sizes;
    const [width = 1] = widths;
    this.table = initializers.initialParameter([count, width], initializer, random);
    this.down = new Linear(width, hidden, { random, initializer });
    this.up = new Linear(hidden, 2 * widths.reduce((sum, each) => sum + each, 0), { random, initializer });
    this.dropout = new Dropout(dropout);
  }

  override forward(): Tensor {
    return this.dropout.call(this.up.call(tanh(this.down.call(this.table.read()))));
  }

  /** The prefix of attention number `index`, out of those of all. */
  prefix(index: number, made: Tensor): Prefix {
    const { widths, count } = this.sizes;
    const width = widths[index] as number;
    const before = 2 * widths.slice(0, index).reduce((sum, each) => sum + each, 0);
    const cut = (from: number) => slice(made, [0, from], [count, width]);
    return { key: cut(before), value: cut(before + width) };
  }

  /** The parameters of the tables that give the same prefixes, by name in `PrefixTables`. The caller disposes them. */
  folded(): Map<string, Tensor> {
    const mode = this.dropout.training;
    this.dropout.training = false;
    try {
      const all = untaped(() =>
        tidy(() => {
          const made = this.forward();
          return this.sizes.widths.map((_, index) => ({ ...this.prefix(index, made) }));
        }),
      );
      return new Map(
        all.flatMap(({ key, value }, i) => [[`keys.${i}`, key] as const, [`values.${i}`, value] as const]),
      );
    } finally {
      this.dropout.training = mode;
    }
  }
}
