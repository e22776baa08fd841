import { type PluginCheckOptions, pluginChecks } from './plugin-checks.ts';
import type { PluginSpec } from './plugin-spec.ts';

/** The two functions that test runners have: vitest, jest, mocha, `node:test`. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** Makes one test of each check of a plugin. */
export class PluginTester {
  constructor(
    private readonly runner: TestRunner,
    private readonly options: PluginCheckOptions = {},
  ) {}

  run(spec: PluginSpec): void {
    this.runner.describe(spec.name, () => {
      for (const { name, run } of pluginChecks(spec, this.options)) this.runner.it(name, run);
    });
  }
}

/** As `new PluginTester(runner, options).run(spec)`. */
export function testPlugin(spec: PluginSpec, runner: TestRunner, options: PluginCheckOptions = {}): void {
  new PluginTester(runner, options).run(spec);
}
