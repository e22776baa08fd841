import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCode, tool } from './commands.mjs';

/** Runs one project of vitest.config.ts. @returns how many tests passed and failed */
export async function vitest(project) {
  const folder = mkdtempSync(join(tmpdir(), 'tapgrad-test-'));
  const counts = join(folder, 'counts.json');
  try {
    const reporters = ['--reporter=default', '--reporter=./scripts/vitest/count-reporter.mjs'];
    const code = await exitCode(
      process.execPath,
      [tool('vitest/vitest.mjs'), 'run', `--project=${project}`, '--passWithNoTests', ...reporters],
      { env: { ...process.env, TAPGRAD_COUNTS: counts } },
    );
    const result = read(counts);
    // vitest itself broke down: that must not pass for a run without failures.
    return code !== 0 && result.failed === 0 ? { ...result, failed: 1 } : result;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function read(counts) {
  try {
    return JSON.parse(readFileSync(counts, 'utf8'));
  } catch {
    return { passed: 0, failed: 0 };
  }
}
