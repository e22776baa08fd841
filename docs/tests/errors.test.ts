import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './markdown.ts';

it('docs/errors.md lists exactly the error codes of @tapgrad/core', () => {
  const files = execFileSync('git', ['ls-files', 'packages/core/src/*.ts'], { cwd: root, encoding: 'utf8' }).split(
    '\n',
  );
  const sources = files.filter((file) => file !== '' && !file.endsWith('.test.ts'));
  const thrown = new Set(
    sources.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/code: '([A-Z_]+)'|\? '([A-Z_]+)'/g)].map(([, code]) => code),
    ),
  );
  const listed = [...readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| `([A-Z_]+)`/gm)].map(
    ([, code]) => code,
  );
  expect([...listed].sort()).toEqual([...thrown].filter(Boolean).sort());
});
