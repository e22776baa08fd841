import { describe, expect, it } from 'vitest';
import { groupwiseCodes, halfActivations } from '../index.ts';
import { attached, disposeBatch, gradientsOf, images, relativeDistance, savedBy, tinyVit } from '../test-models.ts';

const biases = (name: string) => /layers\.\d.*bias$/.test(name);
// One pre-norm block: 4 images, N = 17 tokens, d = 16, H = 2 heads.
const [B, N, d, H] = [4, 17, 16, 2];
const all = { smallest: 1 } as const;

describe('half-precision activations', () => {
  const saved = (plugins: Parameters<typeof savedBy>[0]) => {
    const measure = (layers: number) => savedBy(plugins, { model: tinyVit({ layers }), filter: biases }).bytes;
    // The first block lies behind nothing that trains, so that its first norm keeps less.
    return measure(3) - measure(2);
  };
  const statistics = 4 * B * N * 4;

  it.each(['float16', 'bfloat16'] as const)('of a block with frozen weights take half of the bytes: %s', (format) => {
    const elements = B * (9 * N * d + H * N * N);
    expect(saved([])).toBe(4 * elements + statistics);
    expect(saved([halfActivations({ ...all, format })])).toBe(2 * elements + statistics);
  });

  it('leave alone what codes have, and what is small or excluded', () => {
    const coded = saved([groupwiseCodes(all)]);
    expect(saved([halfActivations(all), groupwiseCodes(all)])).toBe(coded);
    for (const options of [{ smallest: 1e6 }, { ...all, where: 'nowhere.**' }, { ...all, kernels: ['Conv2D'] }]) {
      expect(saved([halfActivations(options)])).toBe(saved([]));
    }
    const except = saved([halfActivations({ ...all, except: ['tapgrad.Attention'] })]);
    expect(except - saved([halfActivations(all)])).toBe(2 * B * (3 * N * d + H * N * N));
  });

  it.each([
    ['float16', 2e-3],
    ['bfloat16', 2e-2],
  ] as const)('in %s change no loss, and gradients by less than %f of their norm', async (format, bound) => {
    const [model, batch] = [tinyVit(), images()];
    const plain = attached(model, []);
    const exact = gradientsOf(plain, batch);
    plain.detach();
    const stack = attached(model, [halfActivations({ ...all, format })]);
    const distance = relativeDistance(gradientsOf(stack, batch), exact);
    expect(distance).toBeLessThan(bound);
    expect(distance).toBeGreaterThan(0);
    expect(stack.explain()).toMatch(/lossy: saved values within 2\^-11/);
    stack.setEnabled('half-activations', false);
    expect(gradientsOf(stack, batch)).toEqual(exact);
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });

  it('refuse options that make no sense', () => {
    for (const options of [{ format: 'float8' }, { kernels: [] }, { smallest: 0 }]) {
      expect(() => halfActivations(options as never)).toThrow(expect.objectContaining({ code: 'PLUGIN_OPTIONS' }));
    }
  });
});
