import { type GradientMap, type Parameter, type PluginContext, TapgradError } from '@tapgrad/core';
import { keep, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { Anchors } from '../base/anchors.ts';
import { overlaid, padded } from '../base/grown.ts';
import { penaltyOf } from '../base/quadratic-penalty.ts';
import { clipped, consolidated, pathIntegral } from './math.ts';
import type { CheckedSiOptions } from './options.ts';

/** What synaptic intelligence knows of each parameter. */
export class Path {
  /** ω, since the task began. */
  private readonly omega: Anchors;
  /** Ω, of all tasks before. */
  private readonly importance: Anchors;
  /** Where the task began, and where the penalty pulls to. */
  private readonly anchors: Anchors;
  /** Values before the update that is being made. */
  private readonly before: Anchors;
  private gradients: GradientMap | undefined;

  constructor(private readonly context: PluginContext<CheckedSiOptions>) {
    this.omega = new Anchors(context);
    this.importance = new Anchors(context);
    this.anchors = new Anchors(context);
    this.before = new Anchors(context);
  }

  penalty(): Tensor | undefined {
    return penaltyOf(this.context.parameters(), this.importance, this.anchors);
  }

  /** Before an update. The gradients are those of the task's loss alone, and live until it is over. */
  leave(gradients: GradientMap | undefined): void {
    if (!gradients) throw noTaskGradient();
    this.gradients = gradients;
    const parameters = this.context.trainableParameters();
    for (const name of gradients.keys()) {
      const parameter = parameters.get(name);
      if (parameter) this.before.set(name, parameter.variable);
    }
  }

  /** After it. */
  arrive(): void {
    const parameters = this.context.parameters();
    const clip = this.context.options.variant === 'reference-code';
    for (const name of this.before.all.keys()) {
      const [parameter, gradient] = [parameters.get(name), this.gradients?.get(name)];
      const [before, omega] = [this.before.get(name), this.omega.get(name)];
      if (!parameter || !gradient || !before) continue;
      const next = tidy(() => {
        const [g, sum] = [clip ? clipped(gradient) : gradient, omega && padded(omega, parameter.shape)];
        return pathIntegral(sum, g, before, parameter.variable);
      });
      this.omega.keep(name, next);
      // The first update of a parameter: the task began with what it was before.
      if (!this.anchors.get(name)) this.anchors.set(name, before);
    }
    this.forgetStep();
  }

  /** What a step needs, whether it came to an end or not. */
  forgetStep(): void {
    this.before.clear();
    this.gradients = undefined;
  }

  /** At the end of a task: the path becomes importance, and parameters are anchored where they are. */
  consolidate(): void {
    const trained = this.context.trainableParameters();
    const fresh = [...trained].flatMap(([name, parameter]) => {
      const made = this.importanceOf(name, parameter);
      return made ? [[name, made] as const] : [];
    });
    for (const [name, importance] of fresh) this.importance.keep(name, importance);
    const parameters = this.context.parameters();
    for (const name of this.anchors.all.keys()) {
      const parameter = parameters.get(name);
      if (parameter) this.anchors.set(name, parameter.variable);
      else this.delete(name);
    }
    this.omega.clear();
  }

  private importanceOf(name: string, { variable, shape }: Parameter): Tensor | undefined {
    const [omega, start, before] = [this.omega.get(name), this.anchors.get(name), this.importance.get(name)];
    if (!omega || !start) return undefined;
    return keep(
      tidy(() => {
        const aligned = before && padded(before, shape);
        return consolidated(aligned, padded(omega, shape), variable, overlaid(start, variable), this.context.options);
      }),
    );
  }

  private delete(name: string): void {
    this.anchors.delete(name);
    this.importance.delete(name);
  }

  tensors(): Map<string, Tensor> {
    return new Map([
      ...this.omega.tensors('omega/'),
      ...this.importance.tensors('importance/'),
      ...this.anchors.tensors('anchor/'),
    ]);
  }

  load(tensors: ReadonlyMap<string, Tensor> | undefined): void {
    this.omega.load(tensors, 'omega/');
    this.importance.load(tensors, 'importance/');
    this.anchors.load(tensors, 'anchor/');
  }

  dispose(): void {
    for (const kept of [this.omega, this.importance, this.anchors, this.before]) kept.clear();
  }
}

function noTaskGradient(): TapgradError {
  return new TapgradError({
    code: 'SI_TASK_GRADIENT',
    message: 'the gradient of the task’s loss by itself is not known: something stands in for backpropagation',
    fix: 'leave out the plugin that replaces backward, or take ewc(), which needs no gradients of steps',
  });
}
