import { attach, type Module, TapgradError } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { ones, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type UniptOptions, unipt } from '../index.ts';
import { tinyEncoder, tinyResNet } from '../test-models.ts';

function codeOf(f: () => unknown): string | undefined {
  try {
    f();
  } catch (thrown) {
    expect((thrown as TapgradError).fix).toBeTruthy();
    return thrown instanceof TapgradError ? thrown.code : undefined;
  }
  return undefined;
}

describe('UniPT is refused', () => {
  it.each<[string, () => Module<never, Tensor>, UniptOptions]>([
    ['NO_BLOCKS', tinyEncoder, { blocks: 'blocks.*' }],
    ['LADDER_LAYERS', tinyEncoder, { keep: [3] }],
    ['LADDER_LAYERS', tinyResNet, { blocks: 'layer*.*', keep: [1], at: 'fc' }],
    ['LADDER_HEAD', tinyResNet, { blocks: 'layer*.*' }],
    ['LADDER_STACKS', tinyEncoder, { blocks: 'layers.*.mlp' }],
    ['LADDER_BLOCK_UNKNOWN', tinyEncoder, { blocks: 'layers.0.*' }],
    ['UNIPT_WIDTH', tinyEncoder, { reduction: 3 }],
  ])('at attach with %s', (code, make, options) => {
    const model = make();
    expect(codeOf(() => attach(model, [unipt(options)], { loss: crossEntropy }))).toBe(code);
    expect(codeOf(() => attach(model, [], { loss: crossEntropy }).detach())).toBeUndefined();
    model.dispose();
  });

  it('in forward where maps are no multiple of the last', () => {
    const model = tinyResNet();
    const stack = attach(model, [unipt({ blocks: 'layer*.*', at: 'fc' })], { loss: crossEntropy });
    tidy(() => {
      expect(codeOf(() => stack.predict(ones([1, 7, 7, 2])))).toBe('LADDER_MAP_SIZE');
    });
    stack.detach();
    model.dispose();
  });

  it('with options that are none: PLUGIN_OPTIONS', () => {
    expect(codeOf(() => unipt({ proj: 'linear' } as never))).toBe('PLUGIN_OPTIONS');
    expect(codeOf(() => unipt({ keep: [0], drop: [1] }))).toBe('PLUGIN_OPTIONS');
  });

  it('by types too', () => {
    expectTypeOf(unipt).parameter(0).toEqualTypeOf<UniptOptions | undefined>();
  });
});
