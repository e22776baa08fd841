import { readFileSync } from 'node:fs';
import { UserError } from '../user-error.ts';
import { type Example, list } from './examples.ts';

/**
 * Reads `text <tab> label` lines (UTF-8, no quoting; a first line `text <tab> label` is a header; blank lines are skipped).
 * @param allowed labels that may occur; any when absent
 * @throws UserError that names the file and the line
 */
export function readTsv(path: string, allowed?: readonly string[]): Example[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(code === 'ENOENT' ? `no such file: ${path}` : `cannot read ${path} (${code})`);
  }
  return parseTsv(content, path, allowed);
}

/** What `readTsv` does to the file's content; `source` names it in errors. */
export function parseTsv(content: string, source: string, allowed?: readonly string[]): Example[] {
  const known = allowed && new Set(allowed);
  const examples: Example[] = [];
  const lines = content.replace(/^\uFEFF/, '').split(/\r?\n/);
  lines.forEach((line, index) => {
    if (line.trim() === '' || (index === 0 && /^text\tlabel$/i.test(line))) return;
    const at = `${source}:${index + 1}`;
    const fields = line.split('\t');
    if (fields.length !== 2)
      throw new UserError(
        `${at}: expected "text<tab>label", found ${fields.length === 1 ? 'no tab' : `${fields.length - 1} tabs`}`,
      );
    const [text, label] = fields.map((field) => field.trim()) as [string, string];
    if (text === '') throw new UserError(`${at}: the text is empty`);
    if (label === '') throw new UserError(`${at}: the label is empty`);
    if (known && !known.has(label)) throw new UserError(`${at}: unknown label "${label}"; expected ${list(allowed)}`);
    examples.push({ text, label });
  });
  if (examples.length === 0) throw new UserError(`${source}: no examples in it`);
  return examples;
}
