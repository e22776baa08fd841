import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every package of the workspace: `{ folder, manifest }`, folder relative to the root. */
export function allPackages() {
  const patterns = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8').matchAll(/^ {2}- (\S+)$/gm);
  return [...patterns]
    .flatMap(([, pattern]) => expand(pattern))
    .map((folder) => ({ folder, manifest: readManifest(folder) }));
}

/** The packages that are published. */
export function publicPackages() {
  return allPackages().filter(({ manifest }) => manifest.private !== true);
}

/**
 * The entry points of a package, its commands included: `{ source: 'src/index.ts', output: 'dist/index.js' }`, relative to
 * its folder.
 */
export function entryPoints(manifest) {
  const exported = Object.values(manifest.exports ?? {})
    .filter((target) => typeof target === 'object' && target.source !== undefined)
    .map((target) => ({ source: target.source.replace('./', ''), output: target.default.replace('./', '') }));
  const commands = Object.values(manifest.bin ?? {})
    .map((file) => file.replace('./', ''))
    .map((output) => ({ source: output.replace(/^dist/, 'src').replace(/js$/, 'ts'), output }));
  return [...exported, ...commands];
}

function expand(pattern) {
  const folders = pattern.endsWith('/*') ? children(pattern.slice(0, -2)) : [pattern];
  return folders.filter((folder) => existsSync(join(root, folder, 'package.json')));
}

function children(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
}
