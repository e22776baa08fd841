import type { PluginSpec } from '../plugin/plugin-spec.ts';

export const continualHeadSpecs: readonly PluginSpec[] = [];
