// `pnpm check [check…]`: what must hold besides the tests. Ends with "check: ok" or names what failed.
import { checks, runChecks } from './lib/checks.mjs';
import { say } from './lib/commands.mjs';
import { setUp } from './setup.mjs';

const names = process.argv.slice(2).filter((argument) => argument !== '--');
const unknown = names.filter((name) => !checks.has(name));
if (unknown.length > 0) {
  console.error(`There is no check "${unknown.join('", "')}". Checks: ${[...checks.keys()].join(', ')}.`);
  process.exit(2);
}

await setUp();
const { failed } = await runChecks(names.length > 0 ? names : undefined);
say(failed.length > 0 ? `\ncheck: failed: ${failed.join(', ')}` : '\ncheck: ok');
process.exitCode = failed.length > 0 ? 1 : 0;
