import type uPlot from 'uplot';
import type { RunResult } from '../results.ts';

/**
 * Draws the charts. This function runs in the reader's browser: its own text is put into the page, so it may use
 * nothing but its arguments and the browser's globals.
 */
export function drawCharts(run: RunResult, Plot: typeof uPlot): void {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const ink = dark ? '#c9d1d9' : '#333';
  const rule = dark ? '#2d333b' : '#e7e7e7';
  // The first six are told apart by colour-blind readers too; further methods repeat them in dashes.
  const methodColours = ['#e69f00', '#0072b2', '#009e73', '#cc79a7', '#d55e00', '#56b4e9'];
  const strokeOf = (index: number) => ({
    stroke: methodColours[index % methodColours.length]!,
    dash: [[], [8, 4], [2, 3]][Math.floor(index / methodColours.length) % 3]!,
    points: { show: false },
  });
  const categoryColours: Readonly<Record<string, string>> = {
    parameters: '#4e79a7',
    gradients: '#f28e2b',
    optimizer: '#b07aa1',
    saved: '#59a14f',
    plugin: '#e15759',
    batch: '#76b7b2',
  };
  const axis = (label: string, size: number, values?: (ticks: number[]) => string[]) => ({
    label,
    size,
    stroke: ink,
    grid: { stroke: rule },
    ticks: { stroke: rule },
    ...(values && { values: (_: uPlot, ticks: number[]) => values(ticks) }),
  });
  const draw = (id: string, options: Omit<uPlot.Options, 'width'>, data: uPlot.AlignedData) => {
    const place = document.getElementById(id)!;
    const plot = new Plot({ width: place.clientWidth, ...options }, data, place);
    addEventListener('resize', () => plot.setSize({ width: place.clientWidth, height: options.height }));
  };

  const steps = Math.max(...run.methods.map(({ losses }) => losses.length));
  const smooth = (losses: readonly number[]) => {
    let level: number | undefined;
    return losses.map((loss) => (level = level === undefined ? loss : 0.85 * level + 0.15 * loss));
  };
  // The single steps of many methods would hide each other.
  const everyStep = run.methods.length <= 4;
  draw(
    'losses',
    {
      height: 340,
      scales: { x: { time: false } },
      axes: [axis('training step', 40), axis('cross-entropy, smoothed', 60)],
      series: [
        { label: 'step' },
        ...run.methods.flatMap(({ name }, index): uPlot.Series[] => [
          ...(everyStep
            ? [{ ...strokeOf(index), label: `${name}, each step`, stroke: `${strokeOf(index).stroke}44` }]
            : []),
          { ...strokeOf(index), label: name, width: 2 },
        ]),
      ],
    },
    [
      Array.from({ length: steps }, (_, step) => step + 1),
      ...run.methods.flatMap(({ losses }) => [...(everyStep ? [[...losses]] : []), smooth(losses)]),
    ],
  );

  const highest = Math.max(...run.methods.map(({ peakBytes }) => peakBytes)) / 1e6;
  run.methods.forEach(({ memory }, index) => {
    // Drawn from the whole stack down to its first layer, each over the one before it.
    const layers = memory.categories
      .map((name, layer) => ({
        name,
        colour: categoryColours[name] ?? '#bab0ac',
        top: memory.milliseconds.map(
          (_, change) => memory.bytes.slice(0, layer + 1).reduce((total, row) => total + row[change]!, 0) / 1e6,
        ),
        own: memory.bytes[layer]!,
      }))
      .reverse();
    draw(
      `memory-${index}`,
      {
        height: 260,
        scales: { x: { time: false }, y: { range: [0, highest * 1.05] } },
        axes: [axis('milliseconds into the step', 40), axis('megabytes', 60)],
        series: [
          { label: 'ms', value: (_, value) => (value === null ? '--' : value.toFixed(1)) },
          ...layers.map(
            ({ name, colour, own }): uPlot.Series => ({
              label: name,
              stroke: colour,
              fill: colour,
              width: 0,
              points: { show: false },
              paths: Plot.paths.stepped!({ align: 1 }),
              value: (_plot, _value, _series, change) =>
                change === null ? '--' : `${(own[change]! / 1e6).toFixed(1)} MB`,
            }),
          ),
        ],
      },
      [[...memory.milliseconds], ...layers.map(({ top }) => top)],
    );
  });
}
