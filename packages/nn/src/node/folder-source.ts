import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TapgradError } from '@tapgrad/core';
import type { FileSource } from '../weights/source.ts';

/** Files of a folder on disk. A `file:` URL is taken as well. */
export function folderSource(folder: string | URL): FileSource {
  const base = String(folder).startsWith('file:') ? fileURLToPath(folder) : String(folder);
  return {
    async read(path) {
      const file = resolve(base, path);
      try {
        return await readFile(file);
      } catch (cause) {
        const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
        const message = missing ? `no file ${file}` : `${file} could not be read: ${(cause as Error).message}`;
        throw new TapgradError({ code: missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', message, cause });
      }
    },
  };
}
