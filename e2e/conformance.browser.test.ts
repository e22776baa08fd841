import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { conformanceBundle } from '../packages/testing/src/conformance-bundle.ts';
import { openBrowser, webgpuArguments } from './page.ts';
import { references } from './references.ts';

/** A shader may take Chromium's software adapter seconds to compile, and a row needs tens of them. */
const timeout = 600_000;

const rows = await references();
const browser = await openBrowser(webgpuArguments);
afterAll(() => browser.close());
const page = await openPage();

/** Calls a function of packages/testing/src/conformance-page.ts. */
const call = (name: string, ...args: unknown[]): Promise<unknown> =>
  page.evaluate(([wanted, given]) => Reflect.get(globalThis, wanted)(...given), [name, args] as const);

const pluginNames = (await call('pluginNames')) as string[];
const missing = await call('webgpu');
if (missing !== undefined) {
  if (process.env.TAPGRAD_REQUIRE?.split(',').includes('browser')) throw new Error(`no WebGPU in Chromium: ${missing}`);
  console.log(`skipped: no WebGPU in Chromium: ${missing}`);
}

describe('on WebGPU in Chromium', () => {
  it.for(Object.keys(rows))('%s agrees with float64, value and gradient', { timeout }, async (kernel, { skip }) => {
    skip(missing !== undefined, `skipped: ${missing}`);
    expect(rows[kernel]?.length).toBeGreaterThan(0);
    expect(await call('row', kernel, rows[kernel])).toBeUndefined();
  });

  it.for(pluginNames)('%s computes what it computes on cpu', { timeout }, async (name, { skip }) => {
    skip(missing !== undefined, `skipped: ${missing}`);
    expect(await call('plugin', name)).toBeUndefined();
  });
});

/** A page whose script has run. */
async function openPage(): Promise<Page> {
  const script = await conformanceBundle();
  const opened = await browser.newPage();
  // Nothing listens there; localhost is what makes the page a secure context, which WebGPU asks for.
  await opened.route('http://localhost/**', (route) =>
    route.request().url().endsWith('.js')
      ? route.fulfill({ contentType: 'text/javascript', body: script })
      : route.fulfill({ contentType: 'text/html', body: '<script type="module" src="/page.js"></script>' }),
  );
  await opened.goto('http://localhost/');
  await opened.waitForFunction(() => 'webgpu' in globalThis);
  return opened;
}
