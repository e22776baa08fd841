import type { Tensor } from '@tensorflow/tfjs-core';
import type { PluginSpec } from './plugin-spec.ts';
import type { PluginProperty } from './problem.ts';
import { type Apply, healthy } from './test-plugins.ts';

/** A plugin with one fault, and what the tester must say of it. */
export interface BrokenPlugin {
  readonly what: string;
  readonly property: PluginProperty;
  /** What it shares between runs is made anew here. */
  spec(left: Tensor[]): PluginSpec;
  readonly message: RegExp;
  readonly hook?: string;
}

/** On top of the healthy plugin. */
export const beside =
  (more: Apply): Apply =>
  (context) => {
    healthy(context);
    return more(context);
  };
