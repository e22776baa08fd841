import type { StepEvent, TrainingEvent } from './events.ts';

/** What text is written to: `process.stdout` and its like. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface ProgressLineOptions {
  /** Default: the process's standard output; the console where there is none. */
  readonly stream?: TextStream;
  /** Written before each line, for example the method's name. */
  readonly label?: string;
  /** Milliseconds between lines where the output is no terminal; default 5,000. */
  readonly every?: number;
}

/**
 * For a trainer's `onProgress`: loss, step time, peak memory and time left, on one line that is written anew on a
 * terminal, and as a line every few seconds elsewhere. Evaluations and checkpoints stay on lines of their own.
 */
export function progressLine(options: ProgressLineOptions = {}): (event: TrainingEvent) => void {
  const { stream = standardOutput(), label = '', every = 5000 } = options;
  const prefix = label && `${label}  `;
  let writtenAt = Number.NEGATIVE_INFINITY;
  let open = false;
  const line = (text: string) => {
    stream.write(`${open ? '\r\u001b[K' : ''}${prefix}${text}\n`);
    open = false;
  };
  return (event) => {
    const stays = summary(event);
    if (stays) line(stays);
    if (event.kind !== 'step') return;
    const now = performance.now();
    const last = event.step === event.steps;
    if (!last && now - writtenAt < (stream.isTTY ? 80 : every)) return;
    writtenAt = now;
    const text = stepText(event);
    if (!stream.isTTY || last) line(text);
    else {
      stream.write(`\r\u001b[K${(prefix + text).slice(0, (stream.columns ?? 80) - 1)}`);
      open = true;
    }
  };
}

function stepText({ step, steps, loss, stepMs, peakBytes, etaMs, task }: StepEvent): string {
  const of = task ? `task ${task.index + 1}/${task.count}  ` : '';
  const count = steps === undefined ? `step ${step}` : `${String(step).padStart(String(steps).length)}/${steps}`;
  const left = etaMs === undefined ? '' : `  ${duration(etaMs)} left`;
  return `${of}${count}  loss ${loss.toPrecision(4)}  ${stepMs.toFixed(0)} ms a step  peak ${(peakBytes / 1e6).toFixed(1)} MB${left}`;
}

function summary(event: TrainingEvent): string | undefined {
  if (event.kind === 'evaluation') {
    const metrics = Object.entries(event.metrics).map(([name, value]) => `  ${name} ${value.toPrecision(4)}`);
    return `evaluation at step ${event.step}: loss ${event.loss.toPrecision(4)}${metrics.join('')}${event.best ? '  (best)' : ''}`;
  }
  if (event.kind === 'task-evaluation') {
    const { when, task, accuracies } = event;
    const shares = accuracies.map((share) => (100 * share).toFixed(1)).join(' ');
    return `${when} task ${task.index + 1}/${task.count} (${task.name}): accuracy by task ${shares} %`;
  }
  if (event.kind === 'checkpoint') return `saved ${event.name}`;
  return event.kind === 'end' ? `${event.reason} after ${event.step} steps` : undefined;
}

/** `1 h 05 min`, `1 min 05 s`, `5 s` */
function duration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const [large, small, names] =
    seconds < 3600
      ? [Math.floor(seconds / 60), seconds % 60, ['min', 's']]
      : [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), ['h', 'min']];
  return `${large} ${names[0]} ${String(small).padStart(2, '0')} ${names[1]}`;
}

function standardOutput(): TextStream {
  const { process } = globalThis as { process?: { stdout?: TextStream } };
  return process?.stdout ?? { write: (text) => console.log(text.trimEnd()) };
}
