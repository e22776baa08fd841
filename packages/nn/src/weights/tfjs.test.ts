import { io, memory, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { memorySource, urlSource } from './source.ts';
import { loadTfjsWeights } from './tfjs.ts';

const text = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const float32 = (...values: number[]) => {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setFloat32(4 * i, value, true);
  return bytes;
};

function model(weights: object[], ...shards: Uint8Array[]) {
  const paths = shards.map((_, i) => `shard${i}`);
  return memorySource({
    'model.json': text({ weightsManifest: [{ paths, weights }] }),
    ...Object.fromEntries(paths.map((path, i) => [path, shards[i] as Uint8Array])),
  });
}

async function values(weights: object[], ...shards: Uint8Array[]): Promise<Record<string, number[]>> {
  const loaded = await loadTfjsWeights(model(weights, ...shards));
  const result = Object.fromEntries([...loaded].map(([name, loadedTensor]) => [name, [...loadedTensor.dataSync()]]));
  for (const loadedTensor of loaded.values()) loadedTensor.dispose();
  return result;
}

describe('tfjs weights', () => {
  it('a weight may run over the border of two shards', async () => {
    const bytes = float32(1, 2, 3);
    const weights = [
      { name: 'a', shape: [1], dtype: 'float32' },
      { name: 'b', shape: [2], dtype: 'float32' },
    ];
    expect(await values(weights, bytes.slice(0, 6), bytes.slice(6))).toEqual({ a: [1], b: [2, 3] });
  });

  it('uint8, uint16 and float16 codes are decoded', async () => {
    const read = await values(
      [
        { name: 'byte', shape: [2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
        { name: 'word', shape: [1], dtype: 'float32', quantization: { dtype: 'uint16', scale: 0.25, min: 2 } },
        { name: 'half', shape: [2], dtype: 'float32', quantization: { dtype: 'float16' } },
        { name: 'rounded', shape: [2], dtype: 'int32', quantization: { dtype: 'uint8', scale: 0.4, min: 0 } },
      ],
      Uint8Array.of(0, 255, 0x10, 0x27, 0x00, 0x3c, 0x00, 0xc0, 4, 3),
    );
    expect(read).toEqual({ byte: [-1, 126.5], word: [2502], half: [1, -2], rounded: [2, 1] });
  });

  it('reads what tfjs itself encodes', async () => {
    const made = {
      w: tensor([0.5, -1, 2, 8], [2, 2]),
      ids: tensor([3, -4], [2], 'int32'),
      flags: tensor([true, false], [2], 'bool'),
    };
    const { specs, data } = await io.encodeWeights(made);
    const source = memorySource({
      'model.json': text({ weightsManifest: [{ paths: ['w.bin'], weights: specs }] }),
      'w.bin': float32OfEngine(data, made.w),
    });
    const loaded = await loadTfjsWeights(source);
    expect([...loaded].map(([name, { shape, dtype }]) => [name, shape, dtype])).toEqual([
      ['w', [2, 2], 'float32'],
      ['ids', [2], 'int32'],
      ['flags', [2], 'bool'],
    ]);
    expect([...(loaded.get('ids') as Tensor).dataSync()]).toEqual([3, -4]);
    for (const tensorToFree of [...loaded.values(), ...Object.values(made)]) tensorToFree.dispose();
  });

  it('a URL is fetched relative to the folder, and its failures are coded', async () => {
    const asked: string[] = [];
    const answer = (status: number) =>
      (async (url: URL) => {
        asked.push(String(url));
        return new Response('{}', { status });
      }) as unknown as typeof fetch;
    await expect(loadTfjsWeights(urlSource('https://host/m', { fetch: answer(404) }))).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
    await expect(loadTfjsWeights(urlSource('https://host/m/', { fetch: answer(500) }))).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
    const broken = (() => Promise.reject(new Error('offline'))) as unknown as typeof fetch;
    await expect(loadTfjsWeights(urlSource('https://host/m', { fetch: broken }))).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringMatching(/offline/),
    });
    expect(asked).toEqual(['https://host/m/model.json', 'https://host/m/model.json']);
  });

  it.each([
    [
      'a missing shard',
      'FILE_NOT_FOUND',
      memorySource({ 'model.json': text({ weightsManifest: [{ paths: ['gone'], weights: [] }] }) }),
    ],
    ['a model that is not JSON', 'FILE_UNREADABLE', memorySource({ 'model.json': text('<html>') })],
    ['a model without weights', 'WEIGHTS_MANIFEST_INVALID', memorySource({ 'model.json': text({}) })],
    [
      'a group without paths',
      'WEIGHTS_MANIFEST_INVALID',
      memorySource({ 'model.json': text({ weightsManifest: [{ weights: [] }] }) }),
    ],
    ['a weight without name', 'WEIGHTS_MANIFEST_INVALID', model([{ shape: [1], dtype: 'float32' }], float32(1))],
    ['a wrong shape', 'WEIGHTS_MANIFEST_INVALID', model([{ name: 'w', shape: [-1], dtype: 'float32' }], float32(1))],
    ['text weights', 'WEIGHTS_MANIFEST_INVALID', model([{ name: 'w', shape: [1], dtype: 'string' }], float32(1))],
    [
      'a quantisation without scale',
      'WEIGHTS_MANIFEST_INVALID',
      model([{ name: 'w', shape: [4], dtype: 'float32', quantization: { dtype: 'uint8' } }], float32(1)),
    ],
    ['a truncated shard', 'WEIGHTS_SIZE_MISMATCH', model([{ name: 'w', shape: [2], dtype: 'float32' }], float32(1))],
  ])('%s is refused with its code, and leaves no tensor', async (_name, code, source) => {
    const before = memory().numTensors;
    await expect(loadTfjsWeights(source)).rejects.toMatchObject({ code });
    expect(memory().numTensors).toBe(before);
  });
});

/** tfjs's own encoder in the float64 engine writes doubles; the format says 32 bits. */
function float32OfEngine(data: ArrayBuffer, weight: Tensor): Uint8Array {
  const count = weight.size;
  const width = tidy(() => weight.dataSync().BYTES_PER_ELEMENT);
  const encoded = new Uint8Array(data);
  if (width === 4) return encoded;
  const floats = float32(...new Float64Array(data.slice(0, 8 * count)));
  return Uint8Array.of(...floats, ...encoded.subarray(8 * count));
}
