import type { PluginSpec } from '../plugin/plugin-spec.ts';

export const continualRegulariserSpecs: readonly PluginSpec[] = [];
