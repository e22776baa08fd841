import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setUp } from '../setup.mjs';
import { pnpm } from './commands.mjs';
import { publicPackages, root } from './packages.mjs';
import { once } from './stamps.mjs';

const folder = join(root, 'node_modules/.cache/tapgrad/tarballs');

/** Packs every public package as it would be published. @returns the tarballs' paths by package name */
export async function packPackages() {
  await setUp({ build: true });
  const packages = publicPackages();
  const inputs = packages.flatMap((item) =>
    ['src', 'package.json', 'README.md'].map((name) => `${item.folder}/${name}`),
  );
  const valid = () => packages.every(({ manifest }) => tarballs().has(manifest.name));
  await once('pack', [...inputs, 'LICENSE', 'scripts', 'pnpm-lock.yaml'], { valid }, async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const filters = packages.map((item) => `--filter=${item.manifest.name}`);
    await pnpm('--recursive', '--silent', ...filters, 'pack', '--pack-destination', folder);
  });
  return tarballs();
}

function tarballs() {
  let files = [];
  try {
    files = readdirSync(folder);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const found = publicPackages().map(({ manifest: { name, version } }) => {
    const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
    return [name, files.includes(file) ? join(folder, file) : undefined];
  });
  return new Map(found.filter(([, path]) => path !== undefined));
}
