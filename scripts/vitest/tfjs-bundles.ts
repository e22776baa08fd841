import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, build, version as esbuildVersion } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');

/** A module name as imported, and the file of the stock package that it stands for. */
interface Entry {
  readonly importName: string;
  readonly file: string;
}

const entries: readonly Entry[] = [
  { importName: '@tensorflow/tfjs-core', file: 'dist/index.js' },
  { importName: '@tensorflow/tfjs-core/dist/register_all_gradients', file: 'dist/register_all_gradients.js' },
  { importName: '@tensorflow/tfjs-backend-cpu', file: 'dist/index.js' },
  { importName: '@tensorflow/tfjs-layers', file: 'dist/index.js' },
  { importName: '@tensorflow/tfjs-converter', file: 'dist/index.js' },
];

export interface Alias {
  readonly find: RegExp;
  readonly replacement: string;
}

/**
 * TensorFlow.js with every `Float32Array` made a `Float64Array`: core, the cpu backend, layers and converter
 * as one code-split bundle, so that they share one engine. Built once per set of versions.
 */
export function float64Engine(): Promise<Alias[]> {
  return bundle('float64', entries, { define: { Float32Array: 'Float64Array' } });
}

/**
 * The gradients that TensorFlow.js ships, in float32. Node cannot load them from the stock package (they are
 * extension-less ES modules in a package of `type: commonjs`); a bundled copy registers in the shared global registry.
 */
export function stockGradients(): Promise<Alias[]> {
  return bundle(
    'gradients',
    entries.filter((entry) => entry.importName.endsWith('register_all_gradients')),
    {},
  );
}

async function bundle(name: string, wanted: readonly Entry[], options: BuildOptions): Promise<Alias[]> {
  const present = wanted.flatMap((entry) => {
    const found = packageOf(entry.importName);
    return found === undefined ? [] : [{ ...entry, version: found.version, path: join(found.folder, entry.file) }];
  });
  const key = createHash('sha256')
    .update(JSON.stringify([esbuildVersion, present.map(({ importName, version }) => [importName, version]), options]))
    .digest('hex')
    .slice(0, 12);
  const folder = join(root, 'node_modules/.cache/tapgrad', name, key);
  if (!existsSync(folder)) {
    const unfinished = `${folder}.${process.pid}`;
    await build({
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'es2022',
      mainFields: ['module', 'main'],
      outExtension: { '.js': '.mjs' },
      logLevel: 'error',
      // The bundled CommonJS dependencies ask for Node's own modules by `require`.
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      entryPoints: Object.fromEntries(present.map(({ importName, path }) => [outputName(importName), path])),
      outdir: unfinished,
      ...options,
    });
    await mkdir(join(folder, '..'), { recursive: true });
    // Another process may have finished the same bundle meanwhile: either copy will do.
    await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true }));
  }
  return present.map(({ importName }) => ({
    find: new RegExp(`^${importName}$`),
    replacement: join(folder, `${outputName(importName)}.mjs`),
  }));
}

/** The version and folder of the package, or undefined where the workspace does not depend on it. */
function packageOf(importName: string): { version: string; folder: string } | undefined {
  const folder = join(root, 'node_modules', ...importName.split('/').slice(0, 2));
  const manifest = join(folder, 'package.json');
  return existsSync(manifest) ? { version: JSON.parse(readFileSync(manifest, 'utf8')).version, folder } : undefined;
}

function outputName(importName: string): string {
  return importName.replace('@tensorflow/', '').replaceAll('/', '-');
}
