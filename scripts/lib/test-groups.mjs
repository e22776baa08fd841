import { existsSync } from 'node:fs';
import { setUp } from '../setup.mjs';
import { chromium } from './chromium.mjs';
import { vitest } from './vitest.mjs';

/**
 * What `npm test` runs, in this order. A group says in `missing` which device this machine lacks for it;
 * it is then skipped, or fails where TAPGRAD_REQUIRE names it.
 */
export const groups = new Map([
  ['unit', { about: 'every rule, module and plugin in float64 on the cpu backend', run: () => vitest('unit') }],
  ['wasm', { about: 'float32 on WebAssembly', missing: noWasm, run: () => vitest('wasm') }],
  ['docs', { about: 'what README and docs say', run: () => vitest('docs') }],
  ['e2e', { about: 'the packed tarballs in Node', run: () => onBuiltPackages('e2e') }],
  ['browser', { about: 'the packed tarballs in pages', missing: noChromium, run: () => onBuiltPackages('browser') }],
]);

async function onBuiltPackages(project) {
  await setUp({ build: true });
  return vitest(project);
}

function noWasm() {
  return typeof WebAssembly === 'object' ? undefined : 'this Node has no WebAssembly';
}

function noChromium() {
  return existsSync(chromium) ? undefined : `no Chromium at ${chromium} (TAPGRAD_CHROMIUM may name another place)`;
}
