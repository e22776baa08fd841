import { existsSync } from 'node:fs';
import { setUp } from '../setup.mjs';
import { chromiumPath } from './chromium.mjs';
import { vitest } from './vitest.mjs';
import { noWebgpu } from './webgpu.mjs';

/**
 * What `npm test` runs, in this order. A group says in `missing` which device this machine lacks for it;
 * it is then skipped, or fails where TAPGRAD_REQUIRE names it. Groups marked `onRequest` run only when named, or with `all`.
 */
export const groups = new Map([
  ['unit', { about: 'every rule, module and plugin in float64 on the cpu backend', run: () => vitest('unit') }],
  ['wasm', { about: 'float32 on WebAssembly', missing: noWasm, run: () => vitest('wasm') }],
  ['webgpu', { about: 'float32 on WebGPU, in Node through Dawn', missing: noWebgpu, run: () => vitest('webgpu') }],
  ['docs', { about: 'what README and docs say', run: () => vitest('docs') }],
  ['e2e', { about: 'the packed tarballs in Node', run: () => onBuiltPackages('e2e') }],
  ['browser', { about: 'the packed tarballs in pages', missing: noChromium, run: () => onBuiltPackages('browser') }],
  ['check', { about: 'what `pnpm check` runs; each check counts as one test', onRequest: true, run: checkGroup }],
]);

async function checkGroup() {
  const { runChecks } = await import('./checks.mjs');
  const { passed, failed } = await runChecks();
  return { passed, failed: failed.length };
}

async function onBuiltPackages(project) {
  await setUp({ build: true });
  return vitest(project);
}

function noWasm() {
  return typeof WebAssembly === 'object' ? undefined : 'this Node has no WebAssembly';
}

function noChromium() {
  return existsSync(chromiumPath)
    ? undefined
    : `no Chromium at ${chromiumPath} (TAPGRAD_CHROMIUM may name another place)`;
}
