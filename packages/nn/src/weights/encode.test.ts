import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { encodeTfjsWeights } from './encode.ts';
import { memorySource } from './source.ts';
import { loadTfjsWeights } from './tfjs.ts';

describe('tfjs weights written', () => {
  it('come back, over several shards', async () => {
    const large = tensor(
      Float32Array.from({ length: 1_100_000 }, (_, i) => i % 1000),
      [1_100_000],
    );
    const given = new Map<string, Tensor>([
      ['large', large],
      ['ids', tensor([1, -2], [2, 1], 'int32')],
      ['flags', tensor([true, false], [2], 'bool')],
    ]);
    const files = await encodeTfjsWeights(given, { fields: { format: 'layers-model' } });
    expect([...files.keys()]).toEqual(['model.json', 'group1-shard1of2.bin', 'group1-shard2of2.bin']);
    const read = await loadTfjsWeights(memorySource(files));
    for (const [name, expected] of given) {
      const actual = read.get(name) as Tensor;
      expect([name, actual.shape, actual.dtype]).toEqual([name, expected.shape, expected.dtype]);
      const values = expected.dataSync();
      expect(actual.dataSync().findIndex((value, i) => value !== values[i])).toBe(-1);
    }
    for (const made of [...given.values(), ...read.values()]) made.dispose();
  });

  it('text is refused', async () => {
    const text = tensor(['a'], [1], 'string');
    await expect(encodeTfjsWeights(new Map([['text', text]]))).rejects.toMatchObject({
      code: 'WEIGHTS_MANIFEST_INVALID',
    });
    text.dispose();
  });
});
