import type { PluginDeclaration } from '@tapgrad/core';
import { expect, it } from 'vitest';
import { builtinPlugins } from './index.ts';

const declarations = new Map<string, PluginDeclaration>(
  builtinPlugins
    .flatMap(({ uses }) => uses.flatMap((use) => use.plugins()))
    .map(({ declaration }) => [declaration.name, declaration]),
);
/** What other packages may call a plugin that trains all of a model. */
const known = new Set(['full-finetune', ...declarations.keys()]);

it.each([...declarations])('%s names only plugins that exist: attach would pass over a misspelt one', (_, declared) => {
  const { conflicts = [], after = [], before = [] } = declared;
  const named = [...conflicts, ...after, ...before].map((each) =>
    (typeof each === 'string' ? each : each.plugin).replace(/\?$/, ''),
  );
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

it('no two built-in plugins are declared under one name', () => {
  const names = builtinPlugins.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});
