import type { StepEvent } from '@tapgrad/train';
import { SingleBar } from 'cli-progress';
import { methodNames } from './options.ts';

/** What of a training step is shown. */
export type StepReport = Pick<StepEvent, 'step' | 'loss' | 'stepMs' | 'peakBytes' | 'etaMs'>;

/** Shows one method's training. */
export interface Progress {
  step(report: StepReport): void;
  /** Takes the bar off the screen; also after an interrupted run. */
  end(): void;
}

const plainEveryMs = 4000;

/** Wide enough for every method's name. */
export const labelWidth = Math.max(...methodNames.map((name) => name.length));

/** A bar on a terminal, else a plain line every few seconds. */
export function showProgress(method: string, steps: number, terminal = process.stdout.isTTY): Progress {
  const text = ({ loss, stepMs, peakBytes, etaMs }: StepReport) => ({
    loss: loss.toFixed(3),
    ms: stepMs.toFixed(0),
    peak: (peakBytes / 1e6).toFixed(1),
    eta: duration(etaMs ?? 0),
  });
  if (terminal) {
    const bar = new SingleBar({
      format: `${method.padEnd(labelWidth)} {bar} {value}/{total}  loss {loss}  {ms} ms a step  peak {peak} MB  ETA {left}`,
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
    });
    bar.start(steps, 0, { loss: '-', ms: '-', peak: '-', left: '-' });
    return {
      step(report) {
        const { eta, ...shown } = text(report);
        bar.update(report.step, { ...shown, left: eta });
      },
      end: () => bar.stop(),
    };
  }
  let shownAt = performance.now();
  return {
    step(report) {
      const now = performance.now();
      if (report.step !== 1 && report.step !== steps && now - shownAt < plainEveryMs) return;
      shownAt = now;
      const { loss, ms, peak, eta } = text(report);
      console.log(
        `${method.padEnd(labelWidth)} ${String(report.step).padStart(String(steps).length)}/${steps}  loss ${loss}  ${ms} ms a step  peak ${peak} MB  ETA ${eta}`,
      );
    },
    end() {},
  };
}

/** `1 min 05 s` */
export function duration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
