import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { publicPackages } from '../../scripts/lib/packages.mjs';
import { type Page, pages, root, snippets } from './markdown.ts';

const folder = join(root, 'node_modules/.cache/tapgrad/snippets');

// A block that is no whole program is marked "ts fragment".
const programs = pages().flatMap((page) => snippets(page).filter(({ language }) => language === 'ts'));

const cards = pages().filter(({ file }) => file.endsWith('/card.md'));

it.each(cards.map(({ file }) => file))('%s shows the method in whole programs, which are compiled', (file) => {
  const inCard = snippets(cards.find((card) => card.file === file) as Page).map(({ language }) => language);
  expect(inCard.filter((language) => language.startsWith('ts')).filter((language) => language !== 'ts')).toEqual([]);
  expect(programs.some((program) => program.file === file)).toBe(true);
});

it(`the ${programs.length} TypeScript programs in README, docs and cards compile`, async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  programs.forEach(({ file, line, code }) => {
    writeFileSync(join(folder, `${file.replace(/\W/g, '-')}-line-${line}.ts`), `${code}\nexport {};\n`);
  });
  const sources = publicPackages().flatMap(({ folder: home, manifest }) =>
    Object.entries<{ source?: string }>(manifest.exports ?? {}).flatMap(([path, { source }]) =>
      source === undefined ? [] : [[join(manifest.name, path), [join(root, home, source)]]],
    ),
  );
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: {
      paths: Object.fromEntries(sources),
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: ['*.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  expect(await compilerErrors()).toBe('');
});

function compilerErrors(): Promise<string> {
  if (programs.length === 0) return Promise.resolve('');
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  return new Promise((resolve) => {
    execFile(process.execPath, [compiler, '-p', folder], { cwd: root }, (_, stdout) => resolve(stdout));
  });
}
