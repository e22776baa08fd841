import { attach, type Batch, Module, randomStream, type Stack, TapgradError } from '@tapgrad/core';
import { crossEntropy, Linear, TransformerBlock } from '@tapgrad/nn';
import { add, mean, ones, reshape, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { type LadderOptions, ladder } from '../index.ts';
import { disposeBatch, tinyBatch, tinyEncoder } from '../test-models.ts';

type AnyModel = Module<never, Tensor>;
let model: AnyModel | undefined;
let stack: Stack<Tensor> | undefined;

afterEach(() => {
  stack?.detach();
  model?.dispose();
  stack = undefined;
  model = undefined;
});

function attached(given: AnyModel, options: LadderOptions): Stack<Tensor> {
  model = given;
  stack = attach(given, [ladder(options)], { loss: crossEntropy });
  return stack;
}

function codeOf(f: () => unknown): string | undefined {
  try {
    f();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(TapgradError);
    expect((thrown as TapgradError).fix).toBeTruthy();
    return (thrown as TapgradError).code;
  }
  return undefined;
}

/** A block of a class that the ladder does not know. */
class Residual extends Module {
  readonly linear = new Linear(8, 8, { random: randomStream(1) });

  override forward(x: Tensor): Tensor {
    return add(x, this.linear.call(x));
  }
}

/** Blocks of two widths. */
class Widening extends Module {
  readonly layers = [8, 16].map((width) => new TransformerBlock({ inputWidth: 8, width, heads: 2 }));

  override forward(x: Tensor): Tensor {
    return mean(
      this.layers.reduce((value, layer) => layer.call(value), x),
      1,
    );
  }
}

/** `[batch, 4, 8]`, or `[batch, 32]` as `flat`, through two blocks to `[batch, 8]`. */
class Custom extends Module {
  readonly layers: readonly Residual[] = [new Residual(), new Residual()];

  constructor(private readonly from = 0) {
    super();
  }

  override forward(x: Tensor): Tensor {
    const run = this.layers.slice(this.from);
    const y = run.reduce((value, layer) => layer.call(value), x);
    return y.rank === 3 ? mean(y, 1) : y;
  }
}

describe('a ladder is refused at attach', () => {
  it.each<[string, () => AnyModel, LadderOptions]>([
    ['NO_BLOCKS', tinyEncoder, { blocks: 'blocks.*' }],
    ['LADDER_LAYERS', tinyEncoder, { drop: [3] }],
    ['LADDER_LAYERS', tinyEncoder, { drop: [0, 1, 2] }],
    ['LADDER_WIDTH', tinyEncoder, { reduction: 16 }],
    ['LADDER_WIDTH', tinyEncoder, { reduction: 3 }],
    ['LADDER_WIDTH', () => new Widening(), { head: { classes: 3 }, reduction: 2 }],
    ['LADDER_HEAD', tinyEncoder, { at: 'classifier' }],
    ['LADDER_BLOCK_UNKNOWN', () => new Custom(), { head: { classes: 3 } }],
    ['LADDER_NOT_PRUNABLE', () => new Custom(), { head: { classes: 3 }, reduction: 2, side: { width: 8, heads: 2 } }],
  ])('with %s', (code, make, options) => {
    expect(codeOf(() => attached(make(), options))).toBe(code);
    expect(codeOf(() => attach(model as AnyModel, [], { loss: crossEntropy }).detach())).toBeUndefined();
  });

  it.each<[string, object]>([
    ['an unknown option', { reductions: 4 }],
    ['a reduction that is no whole number', { reduction: 2.5 }],
    ['a temperature of 0', { temperature: 0 }],
    ['keep and drop together', { keep: [0], drop: [1] }],
    ['a head without classes', { head: { classes: 0 } }],
    ['samples that are no list', { samples: 3 }],
  ])('with %s: PLUGIN_OPTIONS', (_, options) => {
    expect(codeOf(() => ladder(options as LadderOptions))).toBe('PLUGIN_OPTIONS');
  });
});

describe('a ladder is refused in forward', () => {
  const sized = { head: { classes: 3 }, init: 'random', reduction: 2, side: { width: 8, heads: 2 } } as const;

  it('with LADDER_BLOCK_VALUE beside blocks of other shapes', () => {
    const made = attached(new Custom(), sized);
    tidy(() => {
      expect(codeOf(() => made.predict(ones([2, 8])))).toBe('LADDER_BLOCK_VALUE');
    });
  });

  it('with LADDER_BLOCK_SKIPPED where a forward does not begin at the first block', () => {
    const made = attached(new Custom(1), sized);
    tidy(() => {
      expect(codeOf(() => made.predict(ones([2, 4, 8])))).toBe('LADDER_BLOCK_SKIPPED');
    });
  });

  it('with LADDER_MASK where the blocks’ mask does not tell which tokens are real', () => {
    class Odd extends Module {
      readonly layers = [new TransformerBlock({ width: 8, heads: 2, random: randomStream(1) })];
      override forward(x: Tensor): Tensor {
        return mean((this.layers[0] as TransformerBlock).call(x, ones([1, 2, 4, 4])), 1);
      }
    }
    const options = { head: { classes: 3 }, init: 'random', reduction: 2 } as const;
    const made = attached(new Odd(), options);
    tidy(() => {
      expect(codeOf(() => made.predict(ones([2, 4, 8])))).toBe('LADDER_MASK');
    });
    made.detach();
    stack = attach(model as AnyModel, [ladder({ ...options, mask: () => ones([2, 4]) })], { loss: crossEntropy });
    tidy(() => {
      expect(stack?.predict(ones([2, 4, 8])).shape).toEqual([2, 3]);
    });
  });
});

describe('a ladder goes', () => {
  it('beside blocks of any class whose sizes are given', () => {
    const made = attached(new Custom(), {
      head: { classes: 3 },
      init: 'random',
      reduction: 2,
      side: { width: 8, heads: 2, hidden: 16 },
    });
    expect(made.explain()).toContain('477 parameters in side, side-head');
    const batch: Batch = { inputs: ones([3, 4, 8]), targets: tensor([0, 1, 2], [3], 'int32') };
    const { gradients, dispose } = made.gradientsOf(batch);
    expect(gradients.has('ladder/side.rungs.1.block.mlp.down.weight')).toBe(true);
    expect([...gradients.keys()].filter((name) => !name.startsWith('ladder/'))).toEqual([]);
    dispose();
    (batch.inputs as Tensor).dispose();
    (batch.targets as Tensor).dispose();
  });

  it('by a mask that sees no padding: more of it changes nothing', () => {
    const made = attached(tinyEncoder().eval(), { head: { classes: 3 }, init: 'random', reduction: 4 });
    const [short, long] = [tinyBatch(2, 4), tinyBatch(2, 4)];
    tidy(() => {
      const ids = Array.from(short.inputs.dataSync());
      const padded = tensor([...ids.slice(0, 4), -1, -1, ...ids.slice(4), -1, -1], [2, 6], 'int32');
      const [a, b] = [made.predict(short.inputs).dataSync(), made.predict(padded).dataSync()];
      a.forEach((value, i) => {
        expect(value).toBeCloseTo(b[i] as number, 12);
      });
    });
    disposeBatch(short);
    disposeBatch(long);
  });

  it('without data in what its options list', () => {
    const samples = [{ inputs: reshape([], [0]) }];
    const plugin = ladder({ samples, mask: () => samples[0]?.inputs as Tensor });
    expect(Object.keys(plugin.options as object)).not.toContain('samples');
    expect(Object.keys(plugin.options as object)).not.toContain('mask');
    expect((plugin.options as LadderOptions).samples).toBe(samples);
    samples[0]?.inputs.dispose();
  });
});

it('types say what may be given', () => {
  expectTypeOf(ladder).parameter(0).toEqualTypeOf<LadderOptions | undefined>();
  expectTypeOf<LadderOptions['reduction']>().toEqualTypeOf<number | undefined>();
  expectTypeOf<{ head: { classes: string } }>().not.toMatchTypeOf<LadderOptions>();
});
