// Builds every public package to its dist folder: one ES module per entry point of its exports, and type declarations.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { run, tool } from './lib/commands.mjs';
import { entryPoints, publicPackages, root } from './lib/packages.mjs';

const declarations = join(root, 'node_modules/.cache/tapgrad/declarations');

/** @returns esbuild's metafile of each package, by package name */
export async function buildPackages() {
  const packages = publicPackages();
  for (const { folder } of packages) rmSync(join(root, folder, 'dist'), { recursive: true, force: true });
  const metafiles = Promise.all(packages.map(async (item) => [item.manifest.name, await bundle(item)]));
  await emitDeclarations(packages);
  return new Map(await metafiles);
}

async function bundle({ folder, manifest }) {
  const { metafile } = await build({
    absWorkingDir: join(root, folder),
    entryPoints: Object.fromEntries(
      entryPoints(manifest).map(({ source, output }) => [output.replace(/^dist\//, '').replace(/\.js$/, ''), source]),
    ),
    outdir: 'dist',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    sourcemap: true,
    metafile: true,
    logLevel: 'error',
  });
  return metafile;
}

async function emitDeclarations(packages) {
  rmSync(declarations, { recursive: true, force: true });
  await run(process.execPath, [tool('typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
  for (const { folder } of packages) {
    const from = join(declarations, folder.replace('packages/', ''), 'src');
    for (const file of readdirSync(from, { recursive: true }).filter((name) => name.endsWith('.d.ts'))) {
      const target = join(root, folder, 'dist', file);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, withJsExtensions(readFileSync(join(from, file), 'utf8')));
    }
  }
}

/** The compiler leaves `./tape.ts` in declarations; consumers resolve `./tape.js` to `./tape.d.ts`. */
function withJsExtensions(declaration) {
  return declaration.replace(/((?:from|import\(|import) ?['"]\.{1,2}\/[^'"]+)\.ts(['"])/g, '$1.js$2');
}
