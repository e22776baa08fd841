import { attach, definePlugin, Module, Parameter, randomStream, type Stack, type TapgradError } from '@tapgrad/core';
import { add, concat, mean, ones, slice, sum, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { chain } from '../layers/chain.ts';
import { TransformerBlock, type TransformerBlockOptions } from '../layers/transformer-block.ts';
import { VisionTransformer } from '../models/vision-transformer.ts';
import { randomTensor } from '../test-support.ts';
import { findStacks } from './block-stacks.ts';
import { insertTokens, promptBound } from './insert-tokens.ts';

const width = 4;
const count = 2;

/** Two blocks over `[batch, tokens, width]`, which are given a mask if the model is. */
class Blocks extends Module<[x: Tensor, mask?: Tensor | undefined]> {
  readonly layers: readonly TransformerBlock[];

  constructor(options: Partial<TransformerBlockOptions> = {}) {
    super();
    const random = randomStream(3);
    this.layers = [0, 1].map(() => new TransformerBlock({ width, heads: 2, hidden: 6, random, ...options }));
  }

  override forward(x: Tensor, mask?: Tensor): Tensor {
    return mask ? chain(this.layers, x, mask) : chain(this.layers, x);
  }
}

let stack: Stack<Tensor> | undefined;
let model: Module<never, Tensor> | undefined;

afterEach(() => {
  stack?.detach();
  model?.dispose();
  stack = undefined;
  model = undefined;
});

function attached<M extends Module<never, Tensor>>(made: M, mode: 'deep' | 'shallow', size = width): M {
  const inserter = definePlugin({
    name: 'inserter',
    apply({ hooks, addParameter, model: target }) {
      const stacks = findStacks(target, 'layers.*');
      const own = [0, 1].map((layer) => addParameter(`tokens.${layer}`, new Parameter(prompt(layer, size))));
      insertTokens(hooks, stacks, { count, mode, tokens: (_, layer) => (own[layer] as Parameter).read() });
    },
  });
  model = made;
  stack = attach<Tensor>(made, [inserter()], { loss: (y) => sum(y) });
  return made;
}

const prompt = (layer: number, size = width) => randomTensor([count, size], 20 + layer);
const expectClose = (actual: Tensor, expected: Tensor) => {
  expect(actual.shape).toEqual(expected.shape);
  const wanted = expected.dataSync();
  actual.dataSync().forEach((value, i) => void expect(value).toBeCloseTo(wanted[i] as number, 12));
};

/** The blocks' output with tokens put in front and taken off by hand. */
function byHand({ layers }: Blocks, x: Tensor, mask: Tensor | undefined, mode: 'deep' | 'shallow'): Tensor {
  const [batch, tokens] = x.shape as [number, number];
  const wide = (layer: number, value: Tensor) => concat([add(zeros([batch, 1, 1]), prompt(layer)), value], 1);
  const narrow = (value: Tensor) => slice(value, [0, count, 0], [batch, tokens, width]);
  const [first, second] = layers as [TransformerBlock, TransformerBlock];
  const between = first.call(wide(0, x), mask);
  return narrow(second.call(mode === 'deep' ? wide(1, narrow(between)) : between, mask));
}

const seen = [0, 0, 0, -1e9];
const masks: [string, () => Tensor | undefined, () => Tensor | undefined][] = [
  ['without a mask', () => undefined, () => undefined],
  ['with a padding mask', () => tensor(seen, [1, 1, 1, 4]), () => tensor([0, 0, ...seen], [1, 1, 1, 6])],
  [
    'with a mask of its own for each query',
    () => tensor([seen, [0, -1e9, 0, -1e9], seen, seen].flat(), [1, 1, 4, 4]),
    () => {
      const rows = [seen, seen, seen, [0, -1e9, 0, -1e9], seen, seen];
      return tensor(
        rows.flatMap((row) => [0, 0, ...row]),
        [1, 1, 6, 6],
      );
    },
  ],
];

describe.each(['deep', 'shallow'] as const)('tokens inserted %s', (mode) => {
  it.each(masks)('are what tokens put in front by hand are, %s', (_, given, extended) => {
    const made = new Blocks();
    tidy(() => {
      const x = randomTensor([2, 4, width]);
      const expected = byHand(made, x, extended(), mode);
      attached(made, mode);
      const mask = given();
      expectClose(stack?.predict(...(mask ? [x, mask] : [x])) as Tensor, expected);
    });
  });

  it('are seen by all tokens of causal blocks, and see none of them', () => {
    const made = new Blocks({ causal: true });
    tidy(() => {
      const x = randomTensor([2, 4, width]);
      const expected = byHand(made, x, undefined, mode);
      attached(made, mode);
      expectClose(stack?.predict(x) as Tensor, expected);
    });
  });

  it('send gradients into those that a forward used', () => {
    attached(new Blocks(), mode);
    const x = randomTensor([2, 4, width]);
    const made = (stack as Stack<Tensor>).gradientsOf({ inputs: x });
    const names = [...made.gradients.keys()].filter((name) => name.startsWith('inserter/'));
    expect(names.sort()).toEqual(mode === 'deep' ? ['inserter/tokens.0', 'inserter/tokens.1'] : ['inserter/tokens.0']);
    made.dispose();
    x.dispose();
  });

  it('leave positions, class token and pooling of a vision transformer as they are', () => {
    const sizes = { width, heads: 2, layers: 2, hidden: 6, imageSize: 4, patchSize: 2, channels: 1, classes: 3 };
    const made = attached(new VisionTransformer({ ...sizes, random: randomStream(4) }), mode);
    const lengths: number[] = [];
    const { forward } = made.norm;
    made.norm.forward = (x: Tensor) => {
      lengths.push(x.shape[1] as number);
      return forward.call(made.norm, x);
    };
    tidy(() => void expect(stack?.predict(randomTensor([2, 4, 4, 1])).shape).toEqual([2, 3]));
    expect(lengths).toEqual([5]);
  });
});

describe('tokens are refused', () => {
  class Odd extends Module {
    readonly layers = [new TransformerBlock({ width, heads: 2, random: randomStream(1) })];
    override forward(x: Tensor): Tensor {
      return mean((this.layers[0] as TransformerBlock).call(x, ones([4, 4])), 1);
    }
  }

  it.each<[string, () => Module<never, Tensor>, number[], number]>([
    ['TOKENS_BLOCK_VALUE', () => new Blocks(), [2, width], width],
    ['TOKENS_BLOCK_VALUE', () => new Blocks(), [2, 3, width], width + 1],
    ['TOKENS_MASK', () => new Odd(), [2, 4, width], width],
  ])('with %s', (code, make, shape, size) => {
    attached(make(), 'deep', size);
    tidy(() => {
      expect(() => stack?.predict(ones(shape))).toThrow(expect.objectContaining({ code }) as unknown as TapgradError);
    });
  });
});

it('the bound of initial prompts is 0.0625 for patches of 16 pixels and a width of 768', () => {
  expect(promptBound(16, 768)).toBe(0.0625);
});
