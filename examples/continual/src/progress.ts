import { SingleBar } from 'cli-progress';

/** What of a training step is shown. */
export interface StepReport {
  /** Updates from the first task on, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly stepMs: number;
  readonly peakBytes: number;
  /** Milliseconds that the rest of the task will probably take. */
  readonly etaMs: number | undefined;
}

/** Shows the training of one task. */
export interface Progress {
  step(report: StepReport): void;
  /** Takes the bar off the screen; also after an interrupted run. */
  end(): void;
}

const plainEveryMs = 4000;

/**
 * A bar on a terminal, else a plain line every few seconds.
 * @param first steps made before this task, `last` those after it
 */
export function showProgress(
  label: string,
  { first, last }: { readonly first: number; readonly last: number },
  terminal = process.stdout.isTTY,
): Progress {
  const text = ({ loss, stepMs, peakBytes, etaMs }: StepReport) => ({
    loss: loss.toFixed(3),
    ms: stepMs.toFixed(0),
    peak: (peakBytes / 1e6).toFixed(1),
    left: duration(etaMs ?? 0),
  });
  const count = last - first;
  if (terminal) {
    const bar = new SingleBar({
      format: `${label} {bar} {value}/{total}  loss {loss}  {ms} ms a step  peak {peak} MB  ETA {left}`,
      barsize: 20,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
    });
    bar.start(count, 0, { loss: '-', ms: '-', peak: '-', left: '-' });
    return { step: (report) => bar.update(report.step - first, text(report)), end: () => bar.stop() };
  }
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    step(report) {
      const now = performance.now();
      if (report.step !== last && now - shownAt < plainEveryMs) return;
      shownAt = now;
      const { loss, ms, peak, left } = text(report);
      const at = String(report.step - first).padStart(String(count).length);
      console.log(`${label} ${at}/${count}  loss ${loss}  ${ms} ms a step  peak ${peak} MB  ETA ${left}`);
    },
    end() {},
  };
}

/** `1 h 02 min`, `1 min 05 s`, `5 s` */
export function duration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
}
