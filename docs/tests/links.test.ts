import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchors, pages, prose, root, snippets } from './markdown.ts';

describe.each(pages())('$file', (page) => {
  it('links only to files and headings that exist', () => {
    const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = links.filter((link) => !/^(https?|mailto):/.test(link) && !exists(page.file, link));
    expect(broken).toEqual([]);
  });

  it('names only commands that package.json has', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const known = new Set([...Object.keys(manifest.scripts), 'install', 'pack', 'publish', 'exec', 'add', 'run']);
    const shell = snippets(page).filter(({ language }) => ['sh', 'bash'].includes(language));
    const code = [
      ...shell.map((snippet) => snippet.code),
      ...[...page.text.matchAll(/`(pnpm [^`]+)`/g)].map(([, text = '']) => text),
    ];
    const used = code.flatMap((text) =>
      [...text.matchAll(/^(?:npm run|pnpm(?: run)?) ([a-z][\w:-]*)/gm)].map(([, name = '']) => name),
    );
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });
});

function exists(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? join(root, from) : join(root, dirname(from), path);
  if (!existsSync(file)) return false;
  return anchor === undefined || !file.endsWith('.md') || anchors(readFileSync(file, 'utf8')).includes(anchor);
}
