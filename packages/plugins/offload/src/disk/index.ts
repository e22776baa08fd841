import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TapgradError } from '@tapgrad/core';
import type { OffloadStore } from '../tensor-cache/store.ts';
import { FolderStore } from './folder-store.ts';

export interface DiskOptions {
  /** Where the run's folder is made, which is removed when the plugin is detached and when the process ends. Default: the system's temporary folder. */
  readonly folder?: string;
}

/**
 * A disk for `offload({ store })`, in Node: values go from the host's memory into files of a folder of the run, written and read by
 * two threads while the step computes.
 * @throws TapgradError `OFFLOAD_DISK` when the plugin stores its first value, if the folder cannot be made
 */
export function disk({ folder = tmpdir() }: DiskOptions = {}): OffloadStore {
  return {
    open(options) {
      try {
        mkdirSync(folder, { recursive: true });
        return new FolderStore(mkdtempSync(join(folder, 'tapgrad-offload-')), options);
      } catch (cause) {
        throw new TapgradError({
          code: 'OFFLOAD_DISK',
          message: `no folder can be made in ${folder} (${(cause as NodeJS.ErrnoException).code})`,
          fix: 'give disk({ folder }) a folder that may be written to',
          cause,
        });
      }
    },
  };
}
