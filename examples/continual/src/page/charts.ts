import type uPlot from 'uplot';
import type { Curves } from './curves.ts';

/**
 * Draws the charts. This function runs in the reader's browser: its own text is put into the page, so it may use
 * nothing but its arguments and the browser's globals.
 */
export function drawCharts({ accuracy, loss, ends }: Curves, Plot: typeof uPlot): void {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const ink = dark ? '#c9d1d9' : '#333';
  const rule = dark ? '#2d333b' : '#e7e7e7';
  const edge = dark ? '#6e7681' : '#8c959f';
  // The first six are told apart by colour-blind readers too; further ones repeat them in dashes.
  const colours = ['#e69f00', '#2f86d1', '#009e73', '#cc79a7', '#d55e00', '#56b4e9'];
  const strokeOf = (index: number) => ({
    stroke: colours[index % colours.length] as string,
    dash: [[], [8, 4], [2, 3]][Math.floor(index / colours.length) % 3] as number[],
    width: 2,
  });
  const axis = (label: string, size: number) => ({
    label,
    size,
    stroke: ink,
    grid: { stroke: rule },
    ticks: { stroke: rule },
  });
  /** A line where one task ends and the next begins. */
  const boundaries = (plot: uPlot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = edge;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.lineWidth = devicePixelRatio;
    for (const end of ends.slice(0, -1)) {
      const x = plot.valToPos(end, 'x', true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  };
  const draw = (id: string, options: Omit<uPlot.Options, 'width'>, data: uPlot.AlignedData) => {
    const place = document.getElementById(id) as HTMLElement;
    const plot = new Plot({ width: place.clientWidth, hooks: { drawClear: [boundaries] }, ...options }, data, place);
    addEventListener('resize', () => plot.setSize({ width: place.clientWidth, height: options.height }));
  };
  const narrow = innerWidth < 560;
  const height = narrow ? 260 : 340;

  if (accuracy.steps.length > 0) {
    draw(
      'accuracy',
      {
        height,
        scales: { x: { time: false }, y: { range: [0, 100] } },
        axes: [axis('training step', 40), axis('accuracy, %', 56)],
        series: [
          { label: 'step' },
          ...accuracy.tasks.map(
            (_, task): uPlot.Series => ({
              ...strokeOf(task),
              label: `task ${task + 1}`,
              points: { show: true, size: 5, fill: strokeOf(task).stroke },
              value: (_plot, value) => (value === null ? '--' : value.toFixed(1)),
            }),
          ),
        ],
      },
      [[...accuracy.steps], ...accuracy.tasks.map((values) => [...values])] as uPlot.AlignedData,
    );
  }
  if (loss.steps.length > 0) {
    const kept = loss.steps.length < 100 ? 0.6 : 0.9;
    const smooth = (values: readonly (number | null)[]) => {
      let level: number | undefined;
      return values.map((value) =>
        value === null ? null : (level = level === undefined ? value : kept * level + (1 - kept) * value),
      );
    };
    const value = (_plot: uPlot, each: number | null) => (each === null ? '--' : each.toPrecision(3));
    const terms = Object.entries(loss.terms);
    draw(
      'losses',
      {
        height,
        scales: { x: { time: false } },
        axes: [axis('training step', 40), axis('loss, smoothed', 60)],
        series: [
          { label: 'step' },
          { label: 'each step', stroke: `${ink}44`, points: { show: false }, value },
          { label: 'loss', stroke: ink, width: 2, points: { show: false }, value },
          ...terms.map(
            ([label], index): uPlot.Series => ({
              ...strokeOf(index),
              label,
              points: { show: false },
              spanGaps: true,
              value,
            }),
          ),
        ],
      },
      [
        [...loss.steps],
        [...loss.total],
        smooth(loss.total),
        ...terms.map(([, values]) => smooth(values)),
      ] as uPlot.AlignedData,
    );
  }
}
