import { writeFileSync } from 'node:fs';

/**
 * Writes how many tests passed and failed to the file that TAPGRAD_COUNTS names.
 * What fails outside of a test (an import, a hook, a leak, an unhandled rejection) counts as one failure a file.
 */
export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length };
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      const failed = states.filter((state) => state === 'failed').length;
      counts.passed += states.filter((state) => state === 'passed').length;
      counts.failed += failed > 0 || module.ok() ? failed : 1;
    }
    writeFileSync(process.env.TAPGRAD_COUNTS, JSON.stringify(counts));
  }
}
