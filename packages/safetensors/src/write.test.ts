import { scalar, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { SafetensorsFile } from './read.ts';
import { encodeSafetensors, type HostTensor, saveSafetensors } from './write.ts';

describe('safetensors round trip', () => {
  it('tensors of every tfjs dtype come back with shape, dtype and values', async () => {
    const tensors: Record<string, Tensor> = {
      'layers.0.weight': tensor([1.5, -2.25, 0, 2 ** 100, -0.125, 7], [2, 3]),
      ids: tensor([1, -2, 2 ** 31 - 1], [3], 'int32'),
      mask: tensor([true, false, true], [3, 1], 'bool'),
      scale: scalar(0.5),
      nothing: zeros([0, 4]),
    };
    const read = new SafetensorsFile(await saveSafetensors(tensors)).tensors();
    expect(read.size).toBe(5);
    for (const [name, expected] of Object.entries(tensors)) {
      const actual = read.get(name) as Tensor;
      expect([name, actual.shape, actual.dtype, [...actual.dataSync()]]).toEqual([
        name,
        expected.shape,
        expected.dtype,
        [...expected.dataSync()],
      ]);
    }
    for (const made of [...read.values(), ...Object.values(tensors)]) made.dispose();
  });

  it('metadata comes back, and names and metadata may hold any text', () => {
    const odd = '"quoted", ünïcode \u2028 \\';
    const file = new SafetensorsFile(
      encodeSafetensors(new Map([[odd, { dtype: 'float32', shape: [1], values: [1] }]]), { [odd]: odd }),
    );
    expect([...file.entries.keys()]).toEqual([odd]);
    expect(file.metadata.get(odd)).toBe(odd);
  });

  it('every tensor is aligned, whatever the order given', () => {
    const mixed = new Map<string, HostTensor>([
      ['flags', { dtype: 'bool', shape: [3], values: [1, 0, 1] }],
      ['weight', { dtype: 'float32', shape: [2], values: [1, 2] }],
      ['more', { dtype: 'bool', shape: [1], values: [1] }],
      ['ids', { dtype: 'int32', shape: [1], values: [4] }],
    ]);
    const file = new SafetensorsFile(encodeSafetensors(mixed));
    expect([...file.entries.keys()]).toEqual(['weight', 'ids', 'flags', 'more']);
    expect(file.entries.get('weight')?.begin).toSatisfy((begin: number) => begin % 8 === 0);
  });

  it('the same tensors give the same bytes', () => {
    const weights = new Map<string, HostTensor>([['w', { dtype: 'float32', shape: [2], values: [1, 2] }]]);
    expect(encodeSafetensors(weights, { step: '1' })).toEqual(encodeSafetensors(weights, { step: '1' }));
  });

  it('a reserved name, a wrong count and a complex tensor are refused', async () => {
    const one: HostTensor = { dtype: 'float32', shape: [2], values: [1, 2] };
    expect(() => encodeSafetensors(new Map([['__metadata__', one]]))).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS_NAME_INVALID' }),
    );
    expect(() => encodeSafetensors(new Map([['w', { ...one, shape: [3] }]]))).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS_SIZE_MISMATCH' }),
    );
    const text = tensor(['a'], [1], 'string');
    await expect(saveSafetensors({ text })).rejects.toMatchObject({ code: 'SAFETENSORS_DTYPE_UNKNOWN' });
    text.dispose();
  });
});
