import type { PairResult } from '../plugin/pairs.ts';

/** Two plugins, by name, and what they do together. */
export interface Pair {
  readonly first: string;
  readonly second: string;
  readonly result: PairResult;
}

const introduction = `# Which plugins go together

Written by \`npm run compatibility\`, which runs all pairs of all built-in plugins on tiny models, on the wasm backend. A test repeats
that and compares. A pair _trains_ if the loss falls, detaching leaves the model bit for bit as it was with no buffer left, and training
saved in the middle resumes bit for bit. A pair that makes no sense is _refused_ by \`attach\`, with a code and before anything has changed;
so is one of which each does not fit the models of the other (_any_). What a model gives only a forward can tell: a plugin that is for
other outputs says so in its first step, before anything has changed (\`OUTPUT_KIND\`), and one that cannot replay a model's inputs likewise.
`;

/** The page \`docs/compatibility.md\`. */
export function compatibilityPage(names: readonly string[], pairs: readonly Pair[]): string {
  const codes = [...new Set(pairs.flatMap(({ result }) => (result.outcome === 'refused' ? [result.code] : [])))].sort();
  return `${[introduction, matrix(names, pairs, codes), legend(pairs, codes), list(pairs)].join('\n')}`;
}

function matrix(names: readonly string[], pairs: readonly Pair[], codes: readonly string[]): string {
  const cell = (a: string, b: string): string => {
    const pair = pairs.find(({ first, second }) => (first === a && second === b) || (first === b && second === a));
    if (!pair) return '';
    const { result } = pair;
    if (result.outcome === 'trains') return '✓';
    return `✗${codes.indexOf(result.code) + 1}`;
  };
  const numbers = names.map((_, i) => i + 1);
  return rows([
    ['', 'plugin', ...numbers.map(String)],
    ['---:', '---', ...numbers.map(() => ':---:')],
    ...names.map((name, i) => [String(i + 1), name, ...names.map((other) => cell(name, other))]),
  ]);
}

function legend(pairs: readonly Pair[], codes: readonly string[]): string {
  const count = (outcome: PairResult['outcome']) => pairs.filter(({ result }) => result.outcome === outcome).length;
  return [
    `- ✓ trains: ${count('trains')} of ${pairs.length} pairs`,
    ...codes.map(
      (code, i) =>
        `- ✗${i + 1} refused with \`${code}\`: ${pairs.filter(({ result }) => result.outcome === 'refused' && result.code === code).length}`,
    ),
    '',
  ].join('\n');
}

function list(pairs: readonly Pair[]): string {
  const said = ({ result }: Pair): string[] => {
    if (result.outcome === 'trains') return [result.on, 'trains', `in this order: ${result.order.join(', ')}`];
    return [result.on, `refused: \`${result.code}\``, result.reason];
  };
  return rows([
    ['pair', 'model', 'outcome', 'order, or reason'],
    ['---', '---', '---', '---'],
    ...pairs.map((pair) => [`${pair.first} + ${pair.second}`, ...said(pair)]),
  ]);
}

function rows(cells: readonly (readonly string[])[]): string {
  return `${cells.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`;
}
