import { TapgradError } from '@tapgrad/core';
import type { Subject } from './checks/check.ts';
import { checkDetach } from './checks/detach.ts';
import { checkDeterminism } from './checks/determinism.ts';
import { checkFaults } from './checks/faults.ts';
import { checkGradients } from './checks/gradients.ts';
import { checkLeak } from './checks/leak.ts';
import { checkOff, checkZero } from './checks/off.ts';
import { checkResume } from './checks/resume.ts';
import type { PluginSpec } from './plugin-spec.ts';
import { type PluginProperty, problem, properties } from './problem.ts';

/** One property of one plugin on one model. */
export interface PluginCheck {
  /** For example `vision-transformer: the same seed gives the same bits`. */
  readonly name: string;
  readonly property: PluginProperty;
  /** @throws TapgradError PLUGIN_TEST_<PROPERTY> with plugin, hook where one is to blame, and what was found */
  run(): Promise<void>;
}

/** Every check of a plugin that this engine can run, for any test runner. The current tfjs backend runs them. */
export function pluginChecks(spec: PluginSpec): PluginCheck[] {
  return spec.uses.flatMap((use) => {
    const subject = { spec, use };
    const { atZero } = use;
    return [
      check('gradients', subject, checkGradients),
      check('off', subject, checkOff),
      ...(atZero ? [check('zero', subject, () => checkZero(subject, () => atZero.call(use)))] : []),
      check('detach', subject, checkDetach),
      check('leak', subject, checkLeak),
      check('determinism', subject, checkDeterminism),
      check('resume', subject, checkResume),
      check('faults', subject, checkFaults),
    ];
  });
}

function check(property: PluginProperty, subject: Subject, f: (subject: Subject) => Promise<void>): PluginCheck {
  const { spec, use } = subject;
  return {
    name: `${use.on.name}: ${properties[property]}`,
    property,
    async run() {
      try {
        await f(subject);
      } catch (thrown) {
        if (thrown instanceof TapgradError && thrown.code.startsWith('PLUGIN_TEST_')) throw thrown;
        const known = thrown instanceof TapgradError ? thrown : undefined;
        const message = `it threw ${thrown instanceof Error ? thrown.message : String(thrown)}`;
        throw problem({
          property,
          plugin: known?.plugin ?? spec.name,
          model: use.on.name,
          hook: known?.hook,
          message,
          cause: thrown,
        });
      }
    },
  };
}
