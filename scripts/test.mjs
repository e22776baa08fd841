// `npm test [-- group…]`: sets the workspace up if needed, runs the test groups and ends with "N passed, N failed".
import { parseArgs } from 'node:util';
import { say } from './lib/commands.mjs';
import { groups } from './lib/test-groups.mjs';
import { setUp } from './setup.mjs';

const { positionals } = parseArgs({ allowPositionals: true });
const names = positionals.flatMap((name) => (name === 'all' ? [...groups.keys()] : [name]));
if (names.length === 0) names.push(...[...groups.keys()].filter((name) => !groups.get(name).onRequest));
const unknown = names.filter((name) => !groups.has(name));
if (unknown.length > 0) {
  console.error(`There is no test group "${unknown.join('", "')}". Groups: ${[...groups.keys()].join(', ')}, all.`);
  process.exit(2);
}
const required = (process.env.TAPGRAD_REQUIRE ?? '').split(',').filter(Boolean);

await setUp();
const total = { passed: 0, failed: 0 };
for (const name of names) {
  const { passed, failed } = await runGroup(name, groups.get(name));
  total.passed += passed;
  total.failed += failed;
}
say(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;

async function runGroup(name, group) {
  say(`\n${name}: ${group.about}`);
  const missing = await group.missing?.();
  if (missing !== undefined) {
    const needed = required.includes(name);
    say(`${name}: ${needed ? 'failed' : 'skipped'}: ${missing}`);
    return { passed: 0, failed: needed ? 1 : 0 };
  }
  const seconds = clock();
  const result = await group.run();
  say(`${name}: ${result.passed} passed, ${result.failed} failed, ${seconds()} s`);
  return result;
}

function clock() {
  const start = performance.now();
  return () => ((performance.now() - start) / 1000).toFixed(1);
}
