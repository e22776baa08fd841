import type { LogEntry, RunResult } from '../results.ts';

/** What the page's charts are drawn from. */
export interface Curves {
  readonly accuracy: {
    readonly steps: readonly number[];
    /** `[task][evaluation]`, in percent; null before the task was learnt. */
    readonly tasks: readonly (readonly (number | null)[])[];
  };
  readonly loss: {
    readonly steps: readonly number[];
    readonly total: readonly number[];
    /** By name, where there are several; null where a step had no such term. */
    readonly terms: Readonly<Record<string, readonly (number | null)[]>>;
  };
  /** The last step of each task. */
  readonly ends: readonly number[];
}

/** Of long runs so many steps are drawn, each the mean of its neighbours. */
const mostDrawn = 2000;

export function curvesOf({ log, tasks, settings }: Pick<RunResult, 'log' | 'tasks' | 'settings'>): Curves {
  const evaluations = log.filter((entry) => entry.kind === 'accuracy');
  const steps = log.filter((entry) => entry.kind === 'step');
  const joint = settings.method === 'joint';
  const groups = grouped(steps, Math.ceil(steps.length / mostDrawn));
  const names = [...new Set(steps.flatMap(({ terms }) => Object.keys(terms)))];
  return {
    accuracy: {
      steps: evaluations.map(({ step }) => step),
      tasks: tasks.map((_, index) =>
        evaluations.map(({ task, accuracy }) => (joint || task >= index ? 100 * (accuracy[index] as number) : null)),
      ),
    },
    loss: {
      steps: groups.map((group) => (group.at(-1) as { step: number }).step),
      total: groups.map((group) => mean(group.map(({ loss }) => loss)) as number),
      terms: Object.fromEntries(
        names.length < 2
          ? []
          : names.map((name) => [name, groups.map((group) => mean(group.flatMap(({ terms }) => terms[name] ?? [])))]),
      ),
    },
    ends: evaluations.filter(({ end }) => end).map(({ step }) => step),
  };
}

type Step = Extract<LogEntry, { kind: 'step' }>;

function grouped(steps: readonly Step[], size: number): Step[][] {
  const groups: Step[][] = [];
  for (let start = 0; start < steps.length; start += size) groups.push(steps.slice(start, start + size));
  return groups;
}

const mean = (values: readonly number[]) =>
  values.length === 0 ? null : values.reduce((total, value) => total + value, 0) / values.length;
