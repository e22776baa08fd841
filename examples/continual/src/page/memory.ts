import type { LogEntry, RunResult, TaskMemory } from '../results.ts';
import { cells, escaped, megabytes } from './markup.ts';

/** In the order in which they are stacked; told apart on light and dark ground. */
const colours: Readonly<Record<string, string>> = {
  parameters: '#4e79a7',
  optimizer: '#b07aa1',
  gradients: '#f28e2b',
  saved: '#59a14f',
  plugin: '#e15759',
  batch: '#76b7b2',
  transient: '#9c9c9c',
};
const leastShown = 0.002;

/** The peak of each task's training as a bar of categories, with the table of the same figures. */
export function memoryUse({ log, settings }: RunResult): string {
  const tasks = log.filter((entry): entry is Extract<LogEntry, { kind: 'memory' }> => entry.kind === 'memory');
  if (tasks.length === 0) return '<p class="about">No task is finished yet.</p>';
  const highest = Math.max(...tasks.map(({ memory }) => memory.peakBytes));
  const names = [
    ...new Set([...Object.keys(colours), ...tasks.flatMap(({ memory }) => Object.keys(memory.categories))]),
  ];
  const shown = names.filter((name) =>
    tasks.some(({ memory }) => (memory.categories[name] ?? 0) > leastShown * highest),
  );
  const colour = (name: string) => colours[name] ?? '#9c9c9c';
  const title = (task: number) => (settings.method === 'joint' ? 'all' : `task ${task + 1}`);
  const bar = ({ task, memory }: { task: number; memory: TaskMemory }) =>
    `<div class="bar"><span>${title(task)}</span><span class="parts">${shown
      .map((name) => {
        const bytes = memory.categories[name] ?? 0;
        return `<i title="${escaped(name)}: ${megabytes(bytes)} MB" style="width:${((100 * bytes) / highest).toFixed(2)}%;background:${colour(name)}"></i>`;
      })
      .join('')}</span><span>${megabytes(memory.peakBytes)} MB</span></div>`;
  const key = shown.map((name) => `<span><i style="background:${colour(name)}"></i>${escaped(name)}</span>`).join('');
  return `<div class="key">${key}</div>
${tasks.map(bar).join('\n')}
<div class="scroll"><table class="plain">
<thead>${cells('th', ['', 'peak', ...shown, 'replay memory', 'samples in it'])}</thead>
<tbody>${tasks
    .map(({ task, memory }) =>
      cells('td', [
        title(task),
        megabytes(memory.peakBytes),
        ...shown.map((name) => megabytes(memory.categories[name] ?? 0)),
        memory.replaySamples > 0 ? megabytes(memory.replayBytes) : '-',
        memory.replaySamples > 0 ? memory.replaySamples.toLocaleString('en') : '-',
      ]),
    )
    .join('\n')}</tbody>
</table></div>`;
}
