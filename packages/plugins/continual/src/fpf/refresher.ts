import type { PluginContext, PluginInstance, PluginState } from '@tapgrad/core';
import { logitsOf } from '../base/logits.ts';
import { memoryOf } from '../memory/replay-memory.ts';
import { groupsOf } from './groups.ts';
import type { Interval, RefreshOptions } from './options.ts';
import { runPhase } from './phase.ts';
import { type Phase, type RefreshReport, reportBy } from './report.ts';
import { selected } from './select.ts';
import { type Moment, SensitivityMeter } from './sensitivity.ts';

/** What both plugins share: measuring, selecting, and phases on the memory. */
export class Refresher {
  private phases: Phase[] = [];
  private readonly meter: SensitivityMeter | undefined;
  private readonly interval: Interval | undefined;
  private readonly forget: () => void;
  private checked = false;

  constructor(private readonly context: PluginContext<RefreshOptions>) {
    const { options, model, name } = context;
    this.interval = options.measure ?? ('byScore' in options.select ? 'tasks' : undefined);
    if (this.interval) this.meter = new SensitivityMeter(context, options.stages);
    const keepNoLogits =
      options.alpha > 0 ? memoryOf(model)?.keepSide('logits', ({ outputs }) => logitsOf(outputs)) : undefined;
    const forgetReport = reportBy(model, name as RefreshReport['plugin'], () => this.report());
    this.forget = () => {
      keepNoLogits?.();
      forgetReport();
    };
    this.watch();
  }

  /** One phase, if there is anything in the memory. */
  async refresh(details: Omit<Moment, 'step'> = {}): Promise<void> {
    const { context, meter } = this;
    const memory = memoryOf(context.model);
    if (!memory || memory.size === 0) return;
    if (meter && !meter.latest) await meter.measure(details);
    const parameters = this.selection(meter?.latest?.changes);
    const result = await runPhase(context, memory, parameters, this.phases.length);
    this.phases.push({ ...details, step: context.step(), parameters: [...parameters.keys()], ...result });
  }

  /** The current interval begins anew: what a phase changed is not what training changed. */
  renew(details: Omit<Moment, 'step'>): void {
    this.meter?.renew({ ...details, step: this.context.step() });
  }

  /** State and disposal of a plugin, which may save more. */
  instance(own: { json(): unknown; load(json: never): void }): PluginInstance {
    return {
      saveState: () => ({
        tensors: this.meter?.tensors() ?? new Map(),
        json: { phases: [...this.phases], meter: this.meter?.json(), own: own.json() },
      }),
      loadState: ({ tensors = new Map(), json }: PluginState) => {
        const saved = json as { phases: Phase[]; meter?: ReturnType<SensitivityMeter['json']>; own: never };
        this.phases = [...saved.phases];
        if (saved.meter) this.meter?.load(saved.meter, tensors);
        own.load(saved.own);
      },
      dispose: () => {
        this.forget();
        this.meter?.dispose();
      },
    };
  }

  private selection(changes?: Readonly<Record<string, number>>) {
    const { context } = this;
    const { select, stages } = context.options;
    return selected(select, groupsOf(context, stages), context.trainableParameters(), changes);
  }

  /** Where intervals begin and end. */
  private watch(): void {
    const { interval, meter } = this;
    const { hooks, step } = this.context;
    hooks.step.begin.tap(() => {
      if (this.checked) return;
      meter?.begin();
      // Now, and not after hours, when the first phase begins.
      this.selection();
      this.checked = true;
    });
    hooks.task.begin.tap(({ task }) => {
      if (this.checked) meter?.begin(task && { task: task.index });
    });
    if (interval === 'tasks') {
      hooks.task.end.tap(({ task }) => meter?.measure(task && { task: task.index }));
    } else if (interval === 'epochs') {
      hooks.epoch.end.tap(({ index }) => meter?.measure(index === undefined ? {} : { epoch: index }));
    } else if (interval) {
      hooks.step.end.tap(async (told) => {
        if (step() > told.step && step() % interval.updates === 0) await meter?.measure();
      });
    }
  }

  private report(): RefreshReport {
    const total = (of: 'forwards' | 'backwards' | 'samples') => this.phases.reduce((sum, phase) => sum + phase[of], 0);
    return {
      plugin: this.context.name as RefreshReport['plugin'],
      phases: [...this.phases],
      cost: { forwards: total('forwards'), backwards: total('backwards'), samples: total('samples') },
      sensitivity: this.meter?.report,
    };
  }
}
