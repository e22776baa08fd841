// Makes a fresh clone ready: dependencies, compiled kernels and, if asked for, the packages' builds. Does nothing twice.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pnpm, run, say } from './lib/commands.mjs';
import { allPackages, publicPackages, root } from './lib/packages.mjs';
import { once } from './lib/stamps.mjs';

const kernels = 'packages/backends/wasm';

/** @param {{ build?: boolean }} options build: also bundle every package to its dist folder */
export async function setUp({ build = false } = {}) {
  await installDependencies();
  await compileKernels();
  if (build) await buildPackages();
}

function installDependencies() {
  const manifests = allPackages().map(({ folder }) => `${folder}/package.json`);
  const inputs = ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', ...manifests];
  const valid = () => existsSync(join(root, 'node_modules/.modules.yaml'));
  return once('install', inputs, { valid }, () => {
    say('Setting up: installing the dependencies that pnpm-lock.yaml names (once, about a minute) …');
    return pnpm('install', '--frozen-lockfile');
  });
}

async function compileKernels() {
  const script = `${kernels}/scripts/build-kernels.mjs`;
  if (!existsSync(join(root, script))) return;
  const valid = () => existsSync(join(root, kernels, 'src/generated'));
  await once('kernels', [`${kernels}/assembly`, `${kernels}/scripts`, 'pnpm-lock.yaml'], { valid }, () => {
    say('Setting up: compiling the WebAssembly kernels …');
    return run(process.execPath, [script]);
  });
}

function buildPackages() {
  const sources = publicPackages().flatMap(({ folder }) => [`${folder}/src`, `${folder}/package.json`]);
  const valid = () => publicPackages().every(({ folder }) => existsSync(join(root, folder, 'dist')));
  return once('build', [...sources, kernels, 'scripts/build.mjs', 'pnpm-lock.yaml'], { valid }, async () => {
    say('Setting up: building the packages …');
    const { buildPackages: bundle } = await import('./build.mjs');
    await bundle();
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await setUp({ build: process.argv.includes('--build') });
