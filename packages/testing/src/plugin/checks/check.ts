import type { PluginSpec, PluginUse } from '../plugin-spec.ts';
import { type PluginProperty, type ProblemDetails, problem } from '../problem.ts';

/** A plugin as it is tried: its declaration, and one use of it. */
export interface Subject {
  readonly spec: PluginSpec;
  readonly use: PluginUse;
}

/** Throws what is wrong with the subject. */
export function fail(
  property: PluginProperty,
  { spec, use }: Subject,
  message: string,
  details: Partial<Pick<ProblemDetails, 'plugin' | 'hook' | 'fix' | 'cause'>> = {},
): never {
  throw problem({ property, plugin: spec.name, model: use.on.name, message, ...details });
}
