import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderSource } from './folder-source.ts';
import { readSafetensorsFile, writeSafetensorsFile } from './safetensors-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapgrad-nn-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('files on disk', () => {
  it('a safetensors file comes back, and a second write replaces it whole', async () => {
    const path = join(folder, 'model.safetensors');
    const first = tensor([1, 2, 3, 4]);
    const second = tensor([5]);
    await writeSafetensorsFile(path, { w: first });
    await writeSafetensorsFile(path, { w: second }, { step: '2' });
    const file = await readSafetensorsFile(path);
    expect([...file.elements('w').values]).toEqual([5]);
    expect(file.metadata.get('step')).toBe('2');
    expect(await readdir(folder)).toEqual(['model.safetensors']);
    first.dispose();
    second.dispose();
  });

  it('a failed write leaves nothing behind', async () => {
    const w = tensor([1]);
    await expect(writeSafetensorsFile(join(folder, 'no', 'such', 'folder.safetensors'), { w })).rejects.toMatchObject({
      code: 'ENOENT',
    });
    w.dispose();
  });

  it('a folder may be given as path or file URL; what is missing or no file is said', async () => {
    await writeFile(join(folder, 'a.bin'), Uint8Array.of(7));
    expect([...(await folderSource(folder).read('a.bin'))]).toEqual([7]);
    expect([...(await folderSource(pathToFileURL(folder)).read('a.bin'))]).toEqual([7]);
    await expect(folderSource(folder).read('b.bin')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(folderSource(join(folder, '..')).read(folder)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});
