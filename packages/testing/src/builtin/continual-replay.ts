import type { PluginSpec } from '../plugin/plugin-spec.ts';

export const continualReplaySpecs: readonly PluginSpec[] = [];
