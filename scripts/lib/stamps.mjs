import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './packages.mjs';

const stampFile = (step) => join(root, 'node_modules/.cache/tapgrad/stamps', step);
const skipped = new Set(['node_modules', 'dist', 'generated']);

/**
 * Runs `work` unless it has already been done for the same contents of `inputs` (files or folders, relative to the root).
 * @returns whether the work ran
 */
export async function once(step, inputs, { valid = () => true }, work) {
  const wanted = hash(inputs);
  if (readStamp(step) === wanted && valid()) return false;
  await work();
  mkdirSync(dirname(stampFile(step)), { recursive: true });
  writeFileSync(stampFile(step), wanted);
  return true;
}

function readStamp(step) {
  try {
    return readFileSync(stampFile(step), 'utf8');
  } catch {
    return undefined;
  }
}

function hash(inputs) {
  // The root is part of it: what is built holds absolute paths.
  const digest = createHash('sha256').update(process.version).update(root);
  for (const input of inputs)
    for (const file of filesUnder(input)) digest.update(file).update(readFileSync(join(root, file)));
  return digest.digest('hex');
}

function filesUnder(path) {
  let entries;
  try {
    entries = readdirSync(join(root, path), { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path];
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => !skipped.has(entry.name) && !entry.name.endsWith('.test.ts'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => filesUnder(`${path}/${entry.name}`));
}
