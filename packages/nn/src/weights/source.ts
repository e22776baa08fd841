import { TapgradError } from '@tapgrad/core';

/** Where the files of a model come from; a path is relative to the model's folder. */
export interface FileSource {
  /** Throws `FILE_NOT_FOUND` or `FILE_UNREADABLE`. */
  read(path: string): Promise<Uint8Array>;
}

/** Files in memory, by path. */
export function memorySource(
  files: ReadonlyMap<string, ArrayBufferLike | Uint8Array> | Readonly<Record<string, ArrayBufferLike | Uint8Array>>,
): FileSource {
  const byPath = files instanceof Map ? files : new Map(Object.entries(files));
  return {
    read(path) {
      const file = byPath.get(path) as ArrayBufferLike | Uint8Array | undefined;
      if (file) return Promise.resolve(file instanceof Uint8Array ? file : new Uint8Array(file));
      const message = `no file '${path}' in memory; there are ${[...byPath.keys()].join(', ')}`;
      return Promise.reject(new TapgradError({ code: 'FILE_NOT_FOUND', message }));
    },
  };
}

/** Files below a URL, read with `fetch`. The URL is that of the folder; a missing slash at its end is added. */
export function urlSource(
  folder: string | URL,
  options: { readonly fetch?: typeof fetch; readonly signal?: AbortSignal } = {},
): FileSource {
  const base = new URL(String(folder).replace(/\/?$/, '/'), globalThis.location?.href);
  const get = options.fetch ?? fetch;
  return {
    async read(path) {
      const url = new URL(path, base);
      const response = await get(url, options.signal ? { signal: options.signal } : {}).catch((cause: unknown) => {
        throw new TapgradError({
          code: 'FILE_UNREADABLE',
          message: `${url} could not be fetched: ${String(cause)}`,
          cause,
        });
      });
      if (!response.ok) {
        const code = response.status === 404 ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE';
        throw new TapgradError({ code, message: `${url} answered ${response.status} ${response.statusText}` });
      }
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}

/** Reads a JSON file of a source. Throws `FILE_UNREADABLE` when it is not JSON. */
export async function readJson(source: FileSource, path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await source.read(path));
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new TapgradError({
      code: 'FILE_UNREADABLE',
      message: `${path} is not JSON: ${(cause as Error).message}`,
      cause,
    });
  }
}
