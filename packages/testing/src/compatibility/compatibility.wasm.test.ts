import { join } from 'node:path';
import { useWasm } from '@tapgrad/backend-wasm';
import { describe, expect, it } from 'vitest';
import { builtinPlugins } from '../builtin/index.ts';
import { tryPair } from '../plugin/pairs.ts';
import { compatibilityPage, type Pair } from './table.ts';

await useWasm();

const page = join(import.meta.dirname, '../../../../docs/compatibility.md');
const pairs: Pair[] = [];

describe('a pair of built-in plugins trains, detaches and resumes, or is refused with a code', () => {
  const all = builtinPlugins.flatMap((first, i) => builtinPlugins.slice(i + 1).map((second) => ({ first, second })));
  it.each(all.map(({ first, second }) => [`${first.name} + ${second.name}`, first, second] as const))(
    '%s',
    async (_, first, second) => {
      pairs.push({ first: first.name, second: second.name, result: await tryPair(first, second) });
    },
  );
});

it('docs/compatibility.md says what came out (npm run compatibility writes it)', async () => {
  const names = builtinPlugins.map(({ name }) => name);
  await expect(compatibilityPage(names, pairs)).toMatchFileSnapshot(page);
});
