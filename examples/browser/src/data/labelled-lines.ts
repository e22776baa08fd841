import type { Example } from '../engine/messages.ts';

/** What was read, and what is wrong with it: `problems` is for people, in the order of the lines. */
export interface LabelledLines {
  readonly examples: readonly Example[];
  readonly labels: readonly string[];
  readonly problems: readonly string[];
}

const most = { labels: 1000, sentences: 50_000 };

/**
 * Reads `text <tab> label` lines: no quoting; a first line `text <tab> label` is a header; blank lines and sentences that
 * stand there twice with the same label are passed over.
 */
export function readLabelledLines(content: string): LabelledLines {
  const labelOf = new Map<string, string>();
  const problems: string[] = [];
  content
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .forEach((line, index) => {
      if (line.trim() === '' || (index === 0 && /^text\tlabel$/i.test(line.trim()))) return;
      const problem = problemOf(line, labelOf);
      const [text, label] = fieldsOf(line);
      if (problem) problems.push(`Line ${index + 1}: ${problem}`);
      else labelOf.set(text!, label!);
    });
  const examples = [...labelOf].map(([text, label]) => ({ text, label }));
  const labels = [...new Set(labelOf.values())].sort();
  if (problems.length === 0) problems.push(...problemsOfWhole(examples, labels));
  return { examples, labels, problems };
}

const fieldsOf = (line: string) => line.split('\t').map((field) => field.trim());

function problemOf(line: string, before: ReadonlyMap<string, string>): string | undefined {
  const fields = fieldsOf(line);
  if (fields.length === 1) return `there is no tab between sentence and label in “${shortened(line)}”`;
  if (fields.length > 2) return `there are ${fields.length - 1} tabs; expected one, between sentence and label`;
  const [text, label] = fields as [string, string];
  if (text === '') return 'the sentence is empty';
  if (label === '') return `“${shortened(text)}” has no label`;
  const known = before.get(text);
  if (known !== undefined && known !== label) return `“${shortened(text)}” was “${known}” above and is “${label}” here`;
  return undefined;
}

function problemsOfWhole(examples: readonly Example[], labels: readonly string[]): string[] {
  if (examples.length === 0) return ['There are no sentences yet.'];
  if (labels.length < 2) return [`All sentences have the label “${labels[0]}”; there must be at least two labels.`];
  if (labels.length > most.labels)
    return [`There are ${labels.length} labels, more than ${most.labels}. Is the label in the second column?`];
  if (examples.length > most.sentences)
    return [`There are ${examples.length} sentences; this page takes up to ${most.sentences}.`];
  return [];
}

const shortened = (text: string) => (text.length > 40 ? `${text.slice(0, 40).trim()}…` : text.trim());
