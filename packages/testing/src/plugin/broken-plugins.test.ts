import { TapgradError } from '@tapgrad/core';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { pluginChecks } from './plugin-checks.ts';
import { brokenPlugins } from './test-broken-plugins.ts';

/** What the broken plugins leave behind. */
const left: Tensor[] = [];

afterEach(() => dispose(left.splice(0)));

describe('the tester finds a plugin that', () => {
  it.each(brokenPlugins.map((broken) => [broken.what, broken] as const))(
    '%s',
    async (_, { property, spec, message, hook }) => {
      const subject = spec(left);
      const thrown = await findingOf(pluginChecks(subject).filter((check) => check.property === property));
      expect(thrown).toBeInstanceOf(TapgradError);
      const error = thrown as TapgradError;
      expect(error.message).toMatch(message);
      expect(error).toMatchObject({ code: `PLUGIN_TEST_${property.toUpperCase()}`, plugin: subject.name });
      expect(error.message).toContain(`property "${property}"`);
      expect(error.message).toContain(`plugin ${subject.name}`);
      if (hook !== undefined) expect(error.hook).toBe(hook);
    },
  );
});

async function findingOf(checks: readonly { run(): Promise<void> }[]): Promise<unknown> {
  expect(checks.length).toBeGreaterThan(0);
  for (const { run } of checks) {
    try {
      await run();
    } catch (thrown) {
      return thrown;
    }
  }
  return undefined;
}
