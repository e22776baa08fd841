// In Deno: runs every second row of the op table (their references in references.json) and of the plugins named on the command line, by what
// conformance-page.js gives, and prints what failed. The first argument says whether to begin with the first or the second: shaders are compiled on one
// core, and there are more.
import { readFile } from 'node:fs/promises';
import process from 'node:process';

// The test makes it.
await import(new URL('conformance-page.js', import.meta.url).href);
const { webgpu, row, plugin } = globalThis;
const [first, ...plugins] = process.argv.slice(2);
const mine = (all) => all.filter((_, i) => i % 2 === Number(first));
const failures = {};
const note = (name, verdict) => {
  if (verdict !== undefined) failures[name] = verdict;
};

note('webgpu', await webgpu());
const rows = mine(Object.entries(JSON.parse(await readFile('references.json', 'utf8'))));
for (const [kernel, results] of rows) note(kernel, await row(kernel, results));
for (const name of mine(plugins)) note(name, await plugin(name));
console.log(JSON.stringify({ rows: rows.length, failures }));
process.exit(0);
