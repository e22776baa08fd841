import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { SafetensorsFile, saveSafetensors } from '@tapgrad/safetensors';
import type { Tensor } from '@tensorflow/tfjs-core';
import { folderSource } from './folder-source.ts';

/** Opens a safetensors file. Throws `FILE_NOT_FOUND`, `FILE_UNREADABLE` or a `SAFETENSORS_…` code. */
export async function readSafetensorsFile(path: string): Promise<SafetensorsFile> {
  return new SafetensorsFile(await folderSource(dirname(path)).read(basename(path)));
}

/**
 * Writes tensors to a safetensors file, atomically: the path holds either what was there or the whole new file,
 * also when the process is killed or the disk is full.
 */
export async function writeSafetensorsFile(
  path: string,
  tensors: ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const bytes = await saveSafetensors(tensors, metadata);
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(unfinished, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
