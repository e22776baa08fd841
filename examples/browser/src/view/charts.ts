import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { MemoryCategory } from '@tapgrad/core';
import type { Progress } from '../engine/messages.ts';

const colours: Readonly<Record<MemoryCategory, string>> = {
  parameters: '#4e79a7',
  gradients: '#f28e2b',
  optimizer: '#b07aa1',
  saved: '#59a14f',
  plugin: '#e15759',
  batch: '#76b7b2',
  transient: '#bab0ac',
};
/** From the bottom of the stack to its top. */
export const categories = Object.keys(colours) as readonly MemoryCategory[];

/** A chart that grows by one value a step. */
class LiveChart {
  private readonly plot: uPlot;
  private readonly data: number[][];
  private drawing = false;

  constructor(
    private readonly place: HTMLElement,
    series: readonly uPlot.Series[],
    label: string,
  ) {
    const ink = getComputedStyle(document.body).getPropertyValue('--soft');
    const rule = getComputedStyle(document.body).getPropertyValue('--rule');
    const axis = { stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 } };
    this.data = [[], ...series.map(() => [])];
    this.plot = new uPlot(
      {
        width: place.clientWidth,
        height: 220,
        scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, (high || 1) * 1.05] } },
        axes: [
          { ...axis, size: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] },
          { ...axis, size: 56, label, labelSize: 20 },
        ],
        legend: { live: false },
        series: [{ label: 'step' }, ...series.map((each) => ({ points: { show: false }, ...each }))],
      },
      this.data as uPlot.AlignedData,
      place,
    );
    new ResizeObserver(() => this.plot.setSize({ width: this.place.clientWidth, height: 220 })).observe(place);
  }

  clear(): void {
    for (const row of this.data) row.length = 0;
    this.draw();
  }

  add(step: number, values: readonly number[]): void {
    [step, ...values].forEach((value, row) => {
      this.data[row]!.push(value);
    });
    this.draw();
  }

  /** At most once a frame. */
  private draw(): void {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.plot.setData(this.data as uPlot.AlignedData);
    });
  }
}

/** Loss and memory of the run, step by step. */
export class Charts {
  private readonly loss: LiveChart;
  private readonly memory: LiveChart;
  private smoothed: number | undefined;

  constructor(lossPlace: HTMLElement, memoryPlace: HTMLElement) {
    this.loss = new LiveChart(
      lossPlace,
      [
        { label: 'each step', stroke: '#0b6e5f66', width: 1 },
        { label: 'smoothed', stroke: '#0b9f88', width: 2 },
      ],
      'cross-entropy',
    );
    // From the whole stack down to its first layer, each drawn over the one before it.
    this.memory = new LiveChart(
      memoryPlace,
      categories.toReversed().map((name) => ({ label: name, fill: colours[name], stroke: colours[name], width: 0 })),
      'megabytes',
    );
  }

  clear(): void {
    this.smoothed = undefined;
    this.loss.clear();
    this.memory.clear();
  }

  add({ step, loss, memory }: Progress): void {
    this.smoothed = this.smoothed === undefined ? loss : 0.85 * this.smoothed + 0.15 * loss;
    this.loss.add(step, [loss, this.smoothed]);
    let top = 0;
    const tops = categories.map((name) => (top += memory[name] / 1e6));
    this.memory.add(step, tops.toReversed());
  }
}
