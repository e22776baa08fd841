import { describe, expect, it } from 'vitest';
import { derivativeCodes } from '../index.ts';
import { attached, disposeBatch, gradientsOf, images, relativeDistance, savedBy, tinyVit } from '../test-models.ts';

const biases = (name: string) => name.endsWith('bias');
// Batch of 4 images, 17 tokens, width 16, hidden 64: what GELU keeps in each of 2 blocks.
const gelu = 2 * 4 * 17 * 64 * 4;

describe('derivative codes on a vision transformer', () => {
  it.each([1, 2, 3, 4] as const)('of %i bits take bits / 32 of GELU’s share, and touch nothing else', (bits) => {
    const [plain, coded] = [savedBy([], { filter: biases }), savedBy([derivativeCodes({ bits })], { filter: biases })];
    expect(plain.bytes - coded.bytes).toBe(gelu - (gelu * bits) / 32);
  });

  it('of 4 bits take 1/8 of GELU’s share', () => {
    const [plain, coded] = [savedBy([], { filter: biases }), savedBy([derivativeCodes()], { filter: biases })];
    expect(plain.bytes - coded.bytes).toBe(gelu * (1 - 1 / 8));
  });

  it('leave the loss as it is, bit for bit, and gradients near it', async () => {
    const [model, batch] = [tinyVit(), images()];
    const plain = attached(model, []);
    const loss = await (await plain.step(batch)).loss;
    plain.detach();
    model.dispose();
    const other = tinyVit();
    const stack = attached(other, [derivativeCodes({ bits: 1 })]);
    expect(await (await stack.step(batch)).loss).toBe(loss);
    stack.detach();
    other.dispose();
    disposeBatch(batch);
  });

  it.each([
    [4, 0.03],
    [3, 0.06],
    [2, 0.12],
    [1, 0.4],
  ] as const)('of %i bits are off by at most %f of the gradient’s norm', (bits, bound) => {
    const [model, batch] = [tinyVit(), images()];
    const plain = attached(model, []);
    const exact = gradientsOf(plain, batch);
    plain.detach();
    const stack = attached(model, [derivativeCodes({ bits })]);
    const distance = relativeDistance(gradientsOf(stack, batch), exact);
    stack.setEnabled('derivative-codes', false);
    expect(gradientsOf(stack, batch)).toEqual(exact);
    stack.detach();
    expect(distance).toBeLessThan(bound);
    expect(distance).toBeGreaterThan(0);
    model.dispose();
    disposeBatch(batch);
  });

  it('stay where they are asked to, and with the functions that they are asked for', () => {
    const saved = (options: object) => savedBy([derivativeCodes(options)], { filter: biases }).bytes;
    const all = saved({});
    expect(saved({ where: 'layers.1.**' }) - all).toBe(((gelu / 2) * 7) / 8);
    expect(saved({ functions: ['silu', 'relu'] }) - all).toBe((gelu * 7) / 8);
  });

  it('say that they are lossy', () => {
    const model = tinyVit();
    const stack = attached(model, [derivativeCodes()]);
    expect(stack.explain()).toMatch(/lossy: f′ of smooth functions .* 0\.062/);
    stack.detach();
    model.dispose();
  });

  it('refuse options that make no sense', () => {
    const refused = { code: 'PLUGIN_OPTIONS' };
    expect(() => derivativeCodes({ bits: 5 as never })).toThrow(expect.objectContaining(refused));
    expect(() => derivativeCodes({ functions: ['square' as never] })).toThrow(expect.objectContaining(refused));
    expect(() => derivativeCodes({ functions: [] })).toThrow(expect.objectContaining(refused));
  });
});
