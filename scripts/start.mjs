// `npm start [-- options]`: sets the workspace up if needed, then runs the main job.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib/packages.mjs';
import { once } from './lib/stamps.mjs';
import { setUp } from './setup.mjs';

const example = 'examples/supersenses';
const entry = join(root, example, 'dist/main.js');

await setUp({ build: true });
await once('example', [example, 'pnpm-lock.yaml'], { valid: () => existsSync(entry) }, async () => {
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

// In this process, so that signals, exit code and terminal are the job's own.
process.setSourceMapsEnabled(true);
process.argv[1] = entry;
await import(pathToFileURL(entry).href);
