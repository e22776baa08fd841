import type { RunResult } from '../results.ts';
import { escaped } from './markup.ts';

/** From here on the colour is so strong that the figure on it is white. */
const strong = 0.8;

/** The accuracy matrix: a row after each task, a column for each task; tasks that had not come yet are hatched. */
export function heatMap({ matrix, baseline, tasks, settings }: RunResult): string {
  const numbers = tasks.map((_, task) => task);
  const seen = (row: readonly number[], trained: number) => row.slice(0, trained + 1);
  const joint = settings.method === 'joint';
  const rows = [
    ...(baseline.length > 0 ? [line('before', baseline, -1, '')] : []),
    ...matrix.map((row, after) => {
      const trained = joint ? tasks.length - 1 : after;
      const title = joint ? 'together' : `after ${after + 1}`;
      return line(title, row, trained, figure(mean(seen(row, trained))));
    }),
  ];
  const head = ['', ...numbers.map((task) => String(task + 1)), 'seen'];
  return `<div class="scroll"><table class="heat">
<thead><tr>${head.map((text) => `<th scope="col">${text}</th>`).join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></div>
<ol class="tasks">${tasks
    .map(({ name, labels, trainSize }) => {
      const names = labels.join(', ') === name ? '' : ` ${escaped(labels.join(', '))}`;
      return `<li><b>${escaped(name)}</b>${names} <span class="about">(${trainSize} to learn from)</span></li>`;
    })
    .join('')}</ol>`;
}

function line(title: string, row: readonly number[], trained: number, summary: string): string {
  const values = row.map((share, task) => {
    const kind = task > trained ? 'future' : share > strong ? 'high' : 'low';
    return `<td class="${kind}" style="--share:${share.toFixed(3)}">${figure(share)}</td>`;
  });
  return `<tr><th scope="row">${title}</th>${values.join('')}<td class="mean">${summary}</td></tr>`;
}

const figure = (share: number) => (share * 100).toFixed(1);
const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length;
