import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCode, tool } from './commands.mjs';

/** Runs one project of vitest.config.ts and counts its tests. A file that fails outside its tests counts as one failure. */
export async function vitest(project) {
  const folder = mkdtempSync(join(tmpdir(), 'tapgrad-test-'));
  const report = join(folder, 'report.json');
  try {
    const code = await exitCode(process.execPath, [
      tool('vitest/vitest.mjs'),
      'run',
      `--project=${project}`,
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ]);
    const result = count(readReport(report));
    return code !== 0 && result.failed === 0 ? { ...result, failed: 1 } : result;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readReport(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    return [];
  }
}

function count(files) {
  const result = { passed: 0, failed: 0 };
  for (const { status, assertionResults } of files) {
    const failed = assertionResults.filter((test) => test.status === 'failed').length;
    result.passed += assertionResults.filter((test) => test.status === 'passed').length;
    result.failed += failed === 0 && status === 'failed' ? 1 : failed;
  }
  return result;
}
