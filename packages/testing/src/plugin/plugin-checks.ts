import { TapgradError } from '@tapgrad/core';
import { checkBackend, otherBackends } from './checks/backends.ts';
import type { Subject } from './checks/check.ts';
import { checkDetach } from './checks/detach.ts';
import { checkDeterminism } from './checks/determinism.ts';
import { checkFaults } from './checks/faults.ts';
import { checkGradients } from './checks/gradients.ts';
import { checkLeak } from './checks/leak.ts';
import { checkOff, checkZero } from './checks/off.ts';
import { checkResume } from './checks/resume.ts';
import { tryPair } from './pairs.ts';
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

export interface PluginCheckOptions {
  /** Plugins to try this one together with, for example `builtinPlugins` of `@tapgrad/testing/builtin`. Default: none. */
  readonly pairsWith?: readonly PluginSpec[];
}

/**
 * The checks of a plugin, for any test runner: all of them on the model of its first use, those that depend on the model
 * on the others too. They run on the backend that is set when they do; the others that are registered are compared with it.
 */
export function pluginChecks(spec: PluginSpec, { pairsWith = [] }: PluginCheckOptions = {}): PluginCheck[] {
  const alone = spec.uses.flatMap((use, number) => {
    const subject = { spec, use };
    const { atZero } = use;
    // What these ask hardly depends on the model.
    const once = [
      check('determinism', subject, checkDeterminism),
      check('faults', subject, checkFaults),
      ...otherBackends().map((name) => check('backends', subject, () => checkBackend(subject, name), name)),
    ];
    return [
      check('gradients', subject, checkGradients),
      check('off', subject, checkOff),
      ...(atZero ? [check('zero', subject, () => checkZero(subject, () => atZero.call(use)))] : []),
      check('detach', subject, checkDetach),
      check('leak', subject, checkLeak),
      check('resume', subject, checkResume),
      ...(number === 0 ? once : []),
    ];
  });
  const pairs = pairsWith
    .filter(({ name }) => name !== spec.name)
    .map((other) => check('pairs', { spec, use: spec.uses[0] }, () => tryPair(spec, other), `with ${other.name}`));
  return [...alone, ...pairs];
}

function check(
  property: PluginProperty,
  subject: Subject,
  f: (subject: Subject) => Promise<unknown>,
  where = subject.use.on.name,
): PluginCheck {
  const { spec, use } = subject;
  return {
    name: `${where}: ${properties[property]}`,
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
