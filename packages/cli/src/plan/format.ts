import type { StepMemory } from '@tapgrad/backend-meta';
import { memoryCategories } from '@tapgrad/core';
import Table from 'cli-table3';
import type { Planned } from './plan-model.ts';

const units = [
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
] as const;

/** Three digits and a unit of powers of 1,000. */
export function bytes(count: number): string {
  const [unit, size] = units.find(([, each]) => count >= each) ?? ['B', 1];
  return `${size === 1 ? count : (count / size).toPrecision(3)} ${unit}`;
}

/** Bytes by module, blocks of one kind together (`layers.*.mlp.up`), largest first. */
export function byKind(modules: ReadonlyMap<string, number>): [path: string, bytes: number][] {
  const kinds = new Map<string, number>();
  for (const [path, count] of modules) {
    const kind = path.replace(/(?<=^|\.)\d+(?=\.|$)/g, '*') || '(no module)';
    kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  }
  return [...kinds].sort(([, a], [, b]) => b - a);
}

/** What the terminal shows: the peak and what held it, beside full fine-tuning where there are plugins. */
export function tables({ request, batch, full, withPlugins }: Planned, largest = 8): string {
  const { model, optimizer, plugins } = request;
  const columns: [string, StepMemory][] = [['full fine-tuning', full]];
  if (withPlugins) columns.push([plugins.join(' + '), withPlugins]);
  const shown = memoryCategories.filter((name) => columns.some(([, { peak }]) => peak.categories[name] > 0));
  const rows: [string, (step: StepMemory) => number][] = [
    ['peak', ({ peak }) => peak.bytes],
    ...shown.map((name): (typeof rows)[number] => [`  ${name}`, ({ peak }) => peak.categories[name]]),
    ['kept for backward, at most', ({ savedBytes }) => savedBytes],
  ];
  if (withPlugins && withPlugins.offDevice.host > 0) {
    rows.push(["in the host's memory, at most", ({ offDevice }) => offDevice.host]);
  }
  const summary = grid(['', ...columns.map(([name]) => name), ...(withPlugins ? ['ratio'] : [])]);
  for (const [label, of] of rows) {
    summary.push([
      label,
      ...columns.map(([, step]) => bytes(of(step))),
      ...ratio(of(full), withPlugins && of(withPlugins)),
    ]);
  }
  const trained = columns.map(([, { trainableParameters }]) => trainableParameters);
  summary.push(['parameters that train', ...trained.map((each) => each.toLocaleString('en')), ...ratio(...trained)]);

  const modules = grid(['largest at the peak', 'bytes']);
  const { peak } = withPlugins ?? full;
  for (const [path, count] of byKind(peak.modules).slice(0, largest)) modules.push([path, bytes(count)]);
  const held = [...peak.plugins].map(([name, count]) => `${name} ${bytes(count)}`);
  return [
    `${model}: one training step, ${batch}, optimizer ${optimizer}`,
    summary.toString(),
    modules.toString(),
    ...(held.length > 0 ? [`of which plugins hold: ${held.join(', ')}`] : []),
  ].join('\n');
}

function ratio(...[whole, part]: (number | undefined)[]): string[] {
  return part === undefined ? [] : [whole ? (part / whole).toFixed(3) : '–'];
}

function grid(head: string[]) {
  return new Table({
    head,
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, i) => (i ? 'right' : 'left')),
  });
}

/** What a program reads: all of it, maps as objects. */
export function json({ request, batch, full, withPlugins }: Planned): string {
  const plain = ({ peak, ...rest }: StepMemory) => ({
    ...rest,
    peak: { ...peak, modules: Object.fromEntries(peak.modules), plugins: Object.fromEntries(peak.plugins) },
  });
  return JSON.stringify(
    {
      ...request,
      batchSize: request.batch,
      batch,
      full: plain(full),
      ...(withPlugins && {
        withPlugins: plain(withPlugins),
        peakRatio: withPlugins.peak.bytes / full.peak.bytes,
        savedRatio: withPlugins.savedBytes / full.savedBytes,
      }),
    },
    undefined,
    2,
  );
}
