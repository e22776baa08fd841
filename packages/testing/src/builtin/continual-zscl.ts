import type { PluginSpec } from '../plugin/plugin-spec.ts';

export const continualZsclSpecs: readonly PluginSpec[] = [];
