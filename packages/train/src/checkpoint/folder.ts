import { TapgradError } from '@tapgrad/core';

/** Where a trainer keeps its checkpoints. `write` must be atomic: a reader sees the old content or the new. */
export interface CheckpointStore {
  /** Throws FILE_NOT_FOUND. */
  read(name: string): Promise<Uint8Array>;
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  /** Names, in any order. */
  list(): Promise<readonly string[]>;
}

interface FileHandle {
  writeFile(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}
interface FileSystem {
  open(path: string, flags: string): Promise<FileHandle>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: boolean }): Promise<void>;
  mkdir(path: string, options: { recursive: boolean }): Promise<unknown>;
  readdir(path: string): Promise<string[]>;
  readFile(path: string): Promise<Uint8Array>;
}
interface Paths {
  join(...parts: string[]): string;
  dirname(path: string): string;
  basename(path: string): string;
}

const suffix = '.safetensors';
const unfinished = 'unfinished.tmp';

/** A folder on disk (Node, Deno, Bun). It is made when the first checkpoint is written. */
export function checkpointFolder(folder: string | URL): CheckpointStore {
  return {
    async read(name) {
      const [fs, paths] = await files();
      const path = paths.join(await pathOf(folder), name);
      return coded('FILE_UNREADABLE', path, () => fs.readFile(path));
    },
    async write(name, bytes) {
      const [fs, paths] = await files();
      const base = await pathOf(folder);
      const [path, temporary] = [paths.join(base, name), paths.join(base, `${name}.${unfinished}`)];
      await coded('FILE_UNWRITABLE', path, async () => {
        await fs.mkdir(base, { recursive: true });
        try {
          await written(fs, temporary, bytes);
          await fs.rename(temporary, path);
        } catch (thrown) {
          await fs.rm(temporary, { force: true });
          throw thrown;
        }
        await syncFolder(fs, base);
      });
    },
    async remove(name) {
      const [fs, paths] = await files();
      const path = paths.join(await pathOf(folder), name);
      await coded('FILE_UNWRITABLE', path, () => fs.rm(path, { force: true }));
    },
    async list() {
      const [fs] = await files();
      const base = await pathOf(folder);
      try {
        return (await fs.readdir(base)).filter((name) => name.endsWith(suffix));
      } catch (cause) {
        if ((cause as { code?: string }).code === 'ENOENT') return [];
        throw fileError('FILE_UNREADABLE', base, cause);
      }
    },
  };
}

export async function readPath(path: string | URL): Promise<Uint8Array> {
  const [, paths] = await files();
  const full = await pathOf(path);
  return checkpointFolder(paths.dirname(full)).read(paths.basename(full));
}

export async function writePath(path: string | URL, bytes: Uint8Array): Promise<void> {
  const [, paths] = await files();
  const full = await pathOf(path);
  await checkpointFolder(paths.dirname(full)).write(paths.basename(full), bytes);
}

async function written(fs: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fs.open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the new name last through a power cut. Not every system lets a folder be opened for that. */
async function syncFolder(fs: FileSystem, folder: string): Promise<void> {
  const handle = await fs.open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

async function pathOf(path: string | URL): Promise<string> {
  if (!String(path).startsWith('file:')) return String(path);
  const { fileURLToPath } = await nodeBuiltin<{ fileURLToPath(url: string): string }>('url');
  return fileURLToPath(String(path));
}

/** Throws FILES_UNSUPPORTED where there is no file system, as in a browser. */
function files(): Promise<[FileSystem, Paths]> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  if (process?.versions?.node) return Promise.all([nodeBuiltin<FileSystem>('fs/promises'), nodeBuiltin<Paths>('path')]);
  throw new TapgradError({
    code: 'FILES_UNSUPPORTED',
    message: 'there is no file system here',
    fix: 'in a browser give a function that takes the bytes, or a CheckpointStore of your own',
  });
}

/** Named at run time, so that no bundler for browsers looks for it. */
function nodeBuiltin<T>(name: string): Promise<T> {
  return import(/* @vite-ignore */ `node:${name}`) as Promise<T>;
}

async function coded<T>(code: string, path: string, f: () => Promise<T>): Promise<T> {
  try {
    return await f();
  } catch (cause) {
    throw fileError((cause as { code?: string }).code === 'ENOENT' ? 'FILE_NOT_FOUND' : code, path, cause);
  }
}

function fileError(code: string, path: string, cause: unknown): TapgradError {
  const what = { FILE_NOT_FOUND: 'there is no file', FILE_UNREADABLE: 'cannot read', FILE_UNWRITABLE: 'cannot write' }[
    code
  ];
  return new TapgradError({ code, message: `${what} ${path}: ${(cause as Error).message}`, cause });
}
