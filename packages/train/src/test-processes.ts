import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles a program that imports from `src/`, as `program.mjs` in a folder. */
export async function bundleProgram(folder: string, program: string): Promise<void> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    conditions: ['source'],
    plugins: [
      {
        name: 'own sources inside, packages from where they are installed',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^[a-z@]/ }, ({ path, importer }) =>
            path.startsWith('@tapgrad/') || path.startsWith('node:')
              ? undefined
              : { path: createRequire(importer).resolve(path), external: true },
          ),
      },
    ],
    logLevel: 'error',
  });
  await writeFile(join(folder, 'program.mjs'), outputFiles[0]?.contents as Uint8Array);
}

/** Lines of a run, killed without warning when it says `killAt`. Its first argument is a folder of its own. */
export function runProgram(folder: string, args: readonly string[], killAt?: string): Promise<string[]> {
  const [name = '', ...rest] = args;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(folder, 'program.mjs'), join(folder, name), ...rest]);
    let text = '';
    let errors = '';
    child.stderr.on('data', (part) => (errors += part));
    child.stdout.on('data', (part) => {
      text += part;
      if (killAt !== undefined && text.split('\n').some((line) => line.startsWith(`${killAt} `))) child.kill('SIGKILL');
    });
    child.on('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(text.trim().split('\n'));
      else reject(new Error(errors));
    });
  });
}
