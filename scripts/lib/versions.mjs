import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allPackages, root } from './packages.mjs';

const exact = /^(\d+\.\d+\.\d+(-[\w.]+)?|workspace:\^|npm:\S+@\d+\.\d+\.\d+)$/;

/** Every dependency is pinned to one version, and to the same one in every package. Peer dependencies are ranges. */
export function versionProblems() {
  const rootManifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const seen = new Map();
  const problems = [];
  for (const manifest of [rootManifest, ...allPackages().map((item) => item.manifest)]) {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      const first = seen.get(name) ?? { version, by: manifest.name };
      seen.set(name, first);
      if (!exact.test(version)) problems.push(`${manifest.name}: ${name}@${version} is not pinned`);
      if (first.version !== version)
        problems.push(`${name}: ${first.version} in ${first.by}, ${version} in ${manifest.name}`);
    }
  }
  return problems;
}
