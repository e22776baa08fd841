// In Deno: runs the rows of the op table (their references in references.json) and the plugins of conformance-page.js, and prints what failed.
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import './conformance-page.js';

const { webgpu, row, plugin, pluginNames } = globalThis;
const failures = {};
const note = (name, verdict) => {
  if (verdict !== undefined) failures[name] = verdict;
};

note('webgpu', await webgpu());
const references = JSON.parse(await readFile('references.json', 'utf8'));
for (const [kernel, results] of Object.entries(references)) note(kernel, await row(kernel, results));
const plugins = pluginNames();
for (const name of plugins) note(name, await plugin(name));
console.log(JSON.stringify({ rows: Object.keys(references).length, plugins: plugins.length, failures }));
// The test is of what is computed.
process.exit(0);
