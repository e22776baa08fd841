import type { PluginSpec } from '../plugin/plugin-spec.ts';

export const continualFpfSpecs: readonly PluginSpec[] = [];
