import { exitCode, output, say, tool } from './commands.mjs';
import { packPackages } from './pack.mjs';
import { sizeProblems } from './sizes.mjs';
import { versionProblems } from './versions.mjs';

const biomeOptions = ['--error-on-warnings', ...(process.stdout.isTTY ? [] : ['--colors=off'])];

/** What `pnpm check` runs, in this order; each returns its problems, one line each. */
export const checks = new Map([
  ['types', { about: 'the compiler', run: () => byTool('typescript/bin/tsc', '-p', 'tsconfig.json') }],
  ['lint', { about: 'lint and format', run: () => byTool('@biomejs/biome/bin/biome', 'ci', ...biomeOptions, '.') }],
  [
    'unused',
    {
      about: 'unused files, exports and dependencies',
      run: () => byTool('knip/bin/knip.js', '--no-progress', '--no-config-hints'),
    },
  ],
  ['versions', { about: 'every version pinned, the same in all packages', run: versionProblems }],
  ['size', { about: 'size budgets', run: sizeProblems }],
  ['shape', { about: 'the packed packages, as consumers resolve them', run: shapeProblems }],
]);

/** Runs the named checks, all without names. @returns how many passed, and the names of those that failed */
export async function runChecks(names = [...checks.keys()]) {
  const failed = [];
  for (const name of names) {
    const { about, run } = checks.get(name);
    say(`\n${name}: ${about}`);
    const problems = await run();
    for (const problem of problems) console.error(`  ${problem}`);
    if (problems.length > 0) failed.push(name);
  }
  return { passed: names.length - failed.length, failed };
}

async function byTool(path, ...args) {
  const code = await exitCode(process.execPath, [tool(path), ...args]);
  return code === 0 ? [] : [`${path.split('/').slice(0, -1).join('/')} found problems (above)`];
}

async function shapeProblems() {
  const tarballs = [...(await packPackages()).values()];
  const outputs = await Promise.all(tarballs.map(wrongShape));
  return outputs.flat();
}

async function wrongShape(tarball) {
  const results = await Promise.all([
    output(process.execPath, [tool('publint/src/cli.js'), 'run', tarball, '--strict']),
    output(process.execPath, [tool('@arethetypeswrong/cli/dist/index.js'), tarball, '--profile', 'esm-only']),
  ]);
  return results.filter(({ code }) => code !== 0).map(({ text }) => text);
}
