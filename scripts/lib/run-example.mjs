// Sets the workspace up if needed, bundles an example and runs it in this process, so that signals, exit code and terminal
// are its own.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setUp } from '../setup.mjs';
import { root } from './packages.mjs';
import { once } from './stamps.mjs';

/** @param {string} name folder in `examples`, whose program is `src/main.ts` */
export async function runExample(name) {
  const example = `examples/${name}`;
  const entry = join(root, example, 'dist/main.js');
  await setUp({ build: true });
  await once(`example-${name}`, [example, 'pnpm-lock.yaml'], { valid: () => existsSync(entry) }, async () => {
    const { build } = await import('esbuild');
    await build({
      entryPoints: [join(root, example, 'src/main.ts')],
      outfile: entry,
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: true,
      logLevel: 'error',
    });
  });
  process.setSourceMapsEnabled(true);
  process.argv[1] = entry;
  await import(pathToFileURL(entry).href);
}
