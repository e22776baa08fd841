import { useWasm } from '@tapgrad/backend-wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { derivativeCodes } from '../index.ts';
import { attached, disposeBatch, gradientsOf, images, relativeDistance, tinyVit } from '../test-models.ts';

beforeAll(() => useWasm());

describe('derivative codes in float32', () => {
  it('train, and leave the model as it was', async () => {
    const [model, batch] = [tinyVit(), images()];
    const plain = attached(model, []);
    const exact = gradientsOf(plain, batch);
    plain.detach();
    const stack = attached(model, [derivativeCodes({ bits: 4 })]);
    expect(relativeDistance(gradientsOf(stack, batch), exact)).toBeLessThan(0.03);
    const losses: number[] = [];
    for (let step = 0; step < 4; step++) losses.push(await (await stack.step(batch)).loss);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });
});
