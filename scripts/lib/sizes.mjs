import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { setUp } from '../setup.mjs';
import { say } from './commands.mjs';
import { allPackages, entryPoints, publicPackages, root } from './packages.mjs';

const { coreLines, fileLines, gzipKilobytes } = JSON.parse(readFileSync(join(root, 'scripts/budgets.json'), 'utf8'));

export async function sizeProblems() {
  await setUp({ build: true });
  return [...(await downloadProblems()), ...coreProblems(), ...fileProblems()];
}

/** What a page downloads for each package: its own code, minified and compressed, dependencies aside. */
async function downloadProblems() {
  const { build } = await import('esbuild');
  const problems = [];
  for (const { folder, manifest } of publicPackages()) {
    const { outputFiles } = await build({
      absWorkingDir: join(root, folder),
      entryPoints: entryPoints(manifest).map(({ output }) => output),
      outdir: 'sizes',
      bundle: true,
      splitting: true,
      packages: 'external',
      format: 'esm',
      // What a page imports for its effects alone counts too.
      ignoreAnnotations: true,
      minify: true,
      write: false,
    });
    const bytes = outputFiles.reduce((sum, file) => sum + gzipSync(file.contents).length, 0);
    const budget = gzipKilobytes[manifest.name];
    const line = `${manifest.name}: ${(bytes / 1000).toFixed(1)} of ${budget} kB gzipped`;
    say(`  ${line}`);
    if (!(bytes <= budget * 1000)) problems.push(`${line}: over its budget in scripts/budgets.json`);
  }
  return problems;
}

/** The core without its gradient rules and own ops, in lines of code: explaining an invariant costs nothing. */
function coreProblems() {
  const files = sources('packages/core/src').filter((file) => !/\/src\/(rules|ops)\//.test(file));
  const lines = files.reduce((sum, file) => sum + codeLineCount(file), 0);
  say(`  core without rules and own ops: ${lines} of ${coreLines} lines of code`);
  return lines < coreLines
    ? []
    : [`the core has ${lines} lines of code, its budget in scripts/budgets.json is ${coreLines}`];
}

function fileProblems() {
  return allPackages()
    .flatMap(({ folder }) => sources(`${folder}/src`))
    .filter((file) => lineCount(file) > fileLines)
    .map((file) => `${file} has ${lineCount(file)} lines, more than ${fileLines}`);
}

function sources(folder) {
  let files = [];
  try {
    files = readdirSync(join(root, folder), { recursive: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return files
    .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|(^|\/)test-|(^|\/)generated\//.test(file))
    .map((file) => `${folder}/${file}`);
}

function codeLineCount(file) {
  const code = readFileSync(join(root, file), 'utf8').replace(/^\s*\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return code.split('\n').filter((line) => line.trim() !== '').length;
}

function lineCount(file) {
  return readFileSync(join(root, file), 'utf8').split('\n').length - 1;
}
