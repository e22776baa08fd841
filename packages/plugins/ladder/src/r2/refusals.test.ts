import { attach, TapgradError } from '@tapgrad/core';
import { tinyTwoTowers } from '@tapgrad/testing/builtin';
import { dispose, ones, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { r2 } from './index.ts';
import type { R2Options } from './options.ts';
import { onTowers, small } from './test-towers.ts';

function codeOf(f: () => unknown): string | undefined {
  try {
    f();
  } catch (thrown) {
    expect((thrown as TapgradError).fix).toBeTruthy();
    return thrown instanceof TapgradError ? thrown.code : undefined;
  }
  return undefined;
}

describe('R2 is refused', () => {
  it.each<[string, R2Options]>([
    ['NO_BLOCKS', { video: 'vision.*' }],
    ['R2_TOWER', { video: '{video,query}.layers.*' }],
    ['R2_LAYERS', { layers: 4 }],
    ['LADDER_BLOCK_UNKNOWN', { video: 'video.layers.0.*', layers: 1 }],
  ])('at attach with %s', (code, options) => {
    const model = tinyTwoTowers.model();
    expect(codeOf(() => attach(model, [r2({ ...small, ...options })], { loss: tinyTwoTowers.loss }))).toBe(code);
    model.dispose();
  });

  it.each<[string, object]>([
    ['a stride that is no power of 2', { strides: [1, 3] }],
    ['heads that do not divide the width', { width: 10, heads: 4 }],
    ['an unknown weight', { weights: { nce: 1 } }],
  ])('with %s: PLUGIN_OPTIONS', (_, options) => {
    expect(codeOf(() => r2(options as R2Options))).toBe('PLUGIN_OPTIONS');
  });

  it('in forward where features are of other layers, or clips do not fit the queries: R2_FEATURES', () => {
    onTowers({}, ({ stack, batch }) => {
      tidy(() => {
        expect(codeOf(() => stack.predict({ video: [], query: [] }))).toBe('R2_FEATURES');
        expect(codeOf(() => stack.predict(ones([1, 5, 8, 8, 1]), batch.inputs[1]))).toBe('R2_FEATURES');
      });
    });
  });

  it('in the loss without targets that fit: R2_TARGETS', () => {
    onTowers({}, ({ stack, batch }) => {
      const spans = ones([2, 1, 2]);
      expect(codeOf(() => stack.gradientsOf({ inputs: batch.inputs }))).toBe('R2_TARGETS');
      expect(codeOf(() => stack.gradientsOf({ ...batch, targets: { spans } }))).toBe('R2_TARGETS');
      dispose(spans);
    });
  });

  it('by types too', () => {
    expectTypeOf(r2).parameter(0).toEqualTypeOf<R2Options | undefined>();
  });
});
