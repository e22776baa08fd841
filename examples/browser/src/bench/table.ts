import { element, megabytes } from '../view/elements.ts';
import type { BenchResult } from './run.ts';

const headings = ['contestant', 'ms (min)', 'ms (median)', 'peak', 'tensors', 'loss', 'gradients differ by'];
const ratioNames: Readonly<Record<string, string>> = {
  ratioTime: 'time, tapgrad over plain tfjs',
  ratioPeak: 'peak, tapgrad over plain tfjs',
  ratioTimeJax: 'time, tapgrad over jax-js',
  ratioPeakJax: 'peak, tapgrad over jax-js',
  ratioTimeSameCode: 'time, the tfjs code on tapgrad over plain tfjs',
  ratioPeakSameCode: 'peak, the tfjs code on tapgrad over plain tfjs',
};

/** Puts a result into the page's tables. */
export function showResult({ about, contestants, ratios, strangers }: BenchResult): void {
  const rows = element('rows', HTMLTableElement);
  rows.replaceChildren(
    line('th', headings),
    ...contestants.map((row) =>
      line('td', [
        row.name,
        row.msMinimum.toFixed(1),
        row.msMedian.toFixed(1),
        bytes(row.peakBytes),
        bytes(row.tensorPeakBytes),
        row.loss.toFixed(5),
        row.gradientDifference.toExponential(1),
      ]),
    ),
  );
  rows.createCaption().textContent =
    strangers.length === 0 ? about : `${about}. Not to be compared, as the gradients differ: ${strangers.join(', ')}`;
  const known = Object.entries(ratioNames).filter(([name]) => ratios[name] !== undefined);
  element('ratios', HTMLTableElement).replaceChildren(
    ...known.map(([name, about]) => line('td', [about, ratios[name]!.toFixed(3)])),
  );
}

function line(tag: 'th' | 'td', texts: readonly string[]): HTMLTableRowElement {
  const row = document.createElement('tr');
  row.append(...texts.map((text) => Object.assign(document.createElement(tag), { textContent: text })));
  return row;
}

const bytes = (count: number | null) => (count === null ? '–' : megabytes(count));
