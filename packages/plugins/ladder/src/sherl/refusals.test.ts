import { attach, Module, randomStream, TapgradError } from '@tapgrad/core';
import { Conv2d, crossEntropy, Linear, TransformerBlock } from '@tapgrad/nn';
import { add, mean, ones, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type SherlOptions, sherl } from '../index.ts';
import { disposeBatch, tinyBatch, tinyEncoder, tinyResNet } from '../test-models.ts';

type AnyModel = Module<never, Tensor>;

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

/** A block of a class that nothing is known of. */
class Residual extends Module {
  readonly linear = new Linear(8, 8, { random: randomStream(1) });

  override forward(x: Tensor): Tensor {
    return add(x, this.linear.call(x));
  }
}

/** `[batch, 4, 8]` through three blocks to `[batch, 8]`, from block `from` on. */
class Custom extends Module {
  readonly layers = [new Residual(), new Residual(), new Residual()];

  constructor(private readonly from = 0) {
    super();
  }

  override forward(x: Tensor): Tensor {
    const y = this.layers.slice(this.from).reduce((value, layer) => layer.call(value), x);
    return y.rank === 3 ? mean(y, 1) : y;
  }
}

/** Two lists of transformer blocks. */
class Towers extends Module {
  readonly a = [new TransformerBlock({ width: 8, heads: 2 })];
  readonly b = [new TransformerBlock({ width: 8, heads: 2 })];

  override forward(x: Tensor): Tensor {
    return mean((this.b[0] as TransformerBlock).call((this.a[0] as TransformerBlock).call(x)), 1);
  }
}

/** Stages whose maps do not divide each other. */
class Odd extends Module {
  readonly layers = [3, 2, 1].map((kernel) => new Conv2d(2, 2, kernel, { random: randomStream(1) }));

  override forward(x: Tensor): Tensor {
    return mean(
      this.layers.reduce((value, layer) => layer.call(value), x),
      [1, 2],
    );
  }
}

describe('SHERL is refused at attach', () => {
  it.each<[string, () => AnyModel, SherlOptions]>([
    ['NO_BLOCKS', tinyEncoder, { blocks: 'blocks.*' }],
    ['LADDER_LAYERS', tinyEncoder, { drop: [2] }],
    ['LADDER_LAYERS', tinyEncoder, { drop: [0, 1] }],
    ['LADDER_LAYERS', tinyResNet, { blocks: 'layer*.*', keep: [2] }],
    ['LADDER_LAYERS', tinyEncoder, { widths: [16] }],
    ['LADDER_LAYERS', () => new Towers(), { blocks: '*.*' }],
    ['SHERL_WIDTH', tinyEncoder, { reduction: 3 }],
    ['LADDER_BLOCK_UNKNOWN', () => new Custom(), {}],
  ])('with %s', (code, make, options) => {
    const model = make();
    expect(codeOf(() => attach(model, [sherl(options)], { loss: crossEntropy }))).toBe(code);
    expect(codeOf(() => attach(model, [], { loss: crossEntropy }).detach())).toBeUndefined();
    model.dispose();
  });

  it.each<[string, object]>([
    ['an unknown option', { reductions: 4 }],
    ['a reduction that is no whole number', { reduction: 2.5 }],
    ['keep and drop together', { keep: [0], drop: [1] }],
    ['a kind of Down that is none', { down: 'linear' }],
  ])('with %s: PLUGIN_OPTIONS', (_, options) => {
    expect(codeOf(() => sherl(options as SherlOptions))).toBe('PLUGIN_OPTIONS');
  });
});

describe('SHERL is refused in forward', () => {
  const widths = [8, 8, 8];
  it.each<[string, () => AnyModel, SherlOptions, number[]]>([
    ['LADDER_BLOCK_VALUE', () => new Custom(), { widths }, [2, 8]],
    ['LADDER_BLOCK_VALUE', () => new Custom(), { widths: [8, 4, 8] }, [2, 4, 8]],
    ['LADDER_BLOCK_SKIPPED', () => new Custom(1), { widths }, [2, 4, 8]],
    ['LADDER_MAP_SIZE', () => new Odd(), { widths: [2, 2] }, [2, 8, 8, 2]],
  ])('with %s', (code, make, options, shape) => {
    const model = make();
    const stack = attach(model, [sherl({ head: { classes: 3 }, ...options })], { loss: crossEntropy });
    tidy(() => {
      expect(codeOf(() => stack.predict(ones(shape)))).toBe(code);
    });
    stack.detach();
    model.dispose();
  });
});

it('SHERL goes beside blocks of any class whose widths are given', () => {
  const model = new Custom();
  const stack = attach(model, [sherl({ widths: [8, 8, 8], head: { classes: 3 } })], { loss: crossEntropy });
  tidy(() => {
    expect(stack.predict(ones([2, 4, 8])).shape).toEqual([2, 3]);
  });
  stack.detach();
  model.dispose();
});

it('a fault in the late layer leaves nothing, and the next forward goes well', () => {
  const [model, batch] = [tinyEncoder(), tinyBatch()];
  const stack = attach(model, [sherl()], { loss: crossEntropy });
  tidy(() => void stack.predict(batch.inputs));
  const untap = stack.hooks.taps.add({
    plugin: 'test',
    rank: 9,
    pattern: 'layers.2.mlp:input',
    forward() {
      throw new Error('fault');
    },
  });
  expect(() => stack.gradientsOf(batch)).toThrow('fault');
  untap();
  stack.gradientsOf(batch).dispose();
  stack.detach();
  model.dispose();
  disposeBatch(batch);
});

it('types say what may be given', () => {
  expectTypeOf(sherl).parameter(0).toEqualTypeOf<SherlOptions | undefined>();
  expectTypeOf<{ down: 'other' }>().not.toMatchTypeOf<SherlOptions>();
});
