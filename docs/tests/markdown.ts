import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** A page of the repository's documentation. */
export interface Page {
  /** Relative to the root of the repository. */
  readonly file: string;
  readonly text: string;
}

/** README and other pages at the root, all of `docs/`, and the pages beside the sources. */
export function pages(): Page[] {
  const below = ['docs', 'packages', 'examples', 'benchmarks'].flatMap((folder) => filesUnder(folder));
  return [...readdirSync(root), ...below]
    .filter((file) => file.endsWith('.md') && !file.endsWith('CHANGELOG.md'))
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
}

/** Not readdir's own recursion: it follows links, and packages link to each other in `node_modules`. */
function filesUnder(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return [path];
    return entry.name === 'node_modules' ? [] : filesUnder(path);
  });
}

/** A fenced block of code. */
export interface Snippet {
  readonly file: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
  /** What follows the fence: `ts`, `sh`, `ts fragment` … */
  readonly language: string;
  readonly code: string;
}

export function snippets(page: Page): Snippet[] {
  return [...page.text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map((match) => {
    const [, language = '', code = ''] = match;
    return { file: page.file, line: page.text.slice(0, match.index).split('\n').length + 1, language, code };
  });
}

/** The page without its code, so that brackets in code are not taken for links. */
export function prose(page: Page): string {
  return page.text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
}

/** The anchor that a heading gets: lower case, punctuation dropped, spaces to hyphens. */
export function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
