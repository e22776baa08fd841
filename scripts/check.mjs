// `pnpm check [-- step…]`: what must hold besides the tests. Ends with "check: ok" or names the steps that failed.
import { checks } from './lib/checks.mjs';
import { say } from './lib/commands.mjs';
import { setUp } from './setup.mjs';

const wanted = process.argv.slice(2).filter((argument) => argument !== '--');
const unknown = wanted.filter((name) => !checks.has(name));
if (unknown.length > 0) {
  console.error(`There is no check "${unknown.join('", "')}". Checks: ${[...checks.keys()].join(', ')}.`);
  process.exit(2);
}

await setUp();
const failed = [];
for (const [name, { about, run }] of checks) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  say(`\n${name}: ${about}`);
  const problems = await run();
  for (const problem of problems) console.error(`  ${problem}`);
  if (problems.length > 0) failed.push(name);
}
say(failed.length > 0 ? `\ncheck: failed: ${failed.join(', ')}` : '\ncheck: ok');
process.exitCode = failed.length > 0 ? 1 : 0;
