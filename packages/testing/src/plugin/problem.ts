import { TapgradError } from '@tapgrad/core';

/** What the tester checks of a plugin, and what each check asks. */
export const properties = {
  gradients: 'gradients are what the declaration says',
  off: 'switched off, it is absent',
  zero: 'with its coefficient at 0, it is absent',
  detach: 'detaching leaves the model as it was',
  leak: 'no tensor is left behind',
  determinism: 'the same seed gives the same bits',
  resume: 'training resumes as if it had never stopped',
  backends: 'every backend computes the same',
  faults: 'a fault in a hook leaves nothing behind',
  pairs: 'combined with another plugin it trains, or is refused',
} as const;

export type PluginProperty = keyof typeof properties;

export interface ProblemDetails {
  readonly property: PluginProperty;
  readonly plugin: string;
  /** Name of the model that it was tried on. */
  readonly model: string;
  readonly message: string;
  readonly hook?: string | undefined;
  readonly fix?: string | undefined;
  readonly cause?: unknown;
}

/** `PLUGIN_TEST_<PROPERTY>`: a property that the plugin does not have. */
export function problem({ property, model, message, ...details }: ProblemDetails): TapgradError {
  return new TapgradError({
    ...details,
    code: `PLUGIN_TEST_${property.toUpperCase()}`,
    message: `property "${property}" (${properties[property]}) fails on ${model}: ${message}`,
  });
}
