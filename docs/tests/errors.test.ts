import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './markdown.ts';

/** Codes that the sources of a folder throw. */
function thrownIn(folder: string): Set<string> {
  const pattern = `${folder}/src/*.ts`;
  const files = execFileSync('git', ['ls-files', pattern], { cwd: root, encoding: 'utf8' }).split('\n');
  const sources = files.filter((file) => file !== '' && !file.endsWith('.test.ts'));
  const codes = sources.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/code: '([A-Z_]+)'|\? '([A-Z_]+)'/g)].map(([, code]) => code),
  );
  return new Set(codes.filter((code) => code !== undefined));
}

/** Codes in the section of a package. */
function listedFor(name: string): string[] {
  const [, section = ''] = readFileSync(join(root, 'docs/errors.md'), 'utf8').split(`## ${name}\n`);
  const [own = ''] = section.split(/^## /m);
  return [...own.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code = '']) => code);
}

it('docs/errors.md lists exactly the error codes of @tapgrad/core', () => {
  expect(listedFor('@tapgrad/core').sort()).toEqual([...thrownIn('packages/core')].sort());
});

it('docs/errors.md lists no code of @tapgrad/continual that it does not throw', () => {
  const thrown = thrownIn('packages/plugins/continual');
  expect(listedFor('@tapgrad/continual').filter((code) => !thrown.has(code))).toEqual([]);
});

it('docs/errors.md lists the error codes of @tapgrad/train, those that it hands on as arguments included', () => {
  const listed = listedFor('@tapgrad/train');
  expect([...thrownIn('packages/train')].filter((code) => !listed.includes(code))).toEqual([]);
  const handedOn = ['FILE_NOT_FOUND', 'FILE_UNREADABLE', 'FILE_UNWRITABLE'];
  expect(listed.filter((code) => !thrownIn('packages/train').has(code) && !handedOn.includes(code))).toEqual([]);
});
