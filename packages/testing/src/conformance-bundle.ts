import { join } from 'node:path';
import { build } from 'esbuild';

/** The text of a module for engines, with which they run rows of the op table and plugins on their WebGPU: `conformance-page.ts` and all that it needs. */
export async function conformanceBundle(platform: 'browser' | 'node' = 'browser'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'conformance-page.ts')],
    write: false,
    bundle: true,
    platform,
    format: 'esm',
    target: 'es2022',
    conditions: ['source'],
    mainFields: ['module', 'main'],
    external: ['node:*', 'webgpu'],
    // Modules of tfjs look for Node's with `require`.
    ...(platform === 'node' && {
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    }),
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}
