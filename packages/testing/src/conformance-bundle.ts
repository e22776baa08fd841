import { join } from 'node:path';
import { build } from 'esbuild';

/** The text of a module for pages, with which they run rows of the op table and plugins on their WebGPU: `conformance-page.ts` and all that it needs. */
export async function conformanceBundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'conformance-page.ts')],
    write: false,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    conditions: ['source'],
    mainFields: ['module', 'main'],
    external: ['node:*'],
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}
