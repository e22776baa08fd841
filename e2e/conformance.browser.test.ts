import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conformanceBundle } from '../packages/testing/src/conformance-bundle.ts';
import { float64References } from '../packages/testing/src/float64-references.ts';
import { openBrowser, webgpuArguments } from './page.ts';

/** A shader may take Chromium's software adapter seconds to compile, and a row needs tens of them. */
const timeout = 600_000;

/** Chromium's software adapter is slow: one plugin for each way of computing. Node's run has them all. */
const plugins = [
  'ladder', // reads importances, prunes
  'query-tokens',
  'local-learning', // backward in mid-forward
  'derivative-codes', // bits packed into integers
  'bit-masks',
  'der', // a memory
  'lwf', // a teacher
  'si', // path integrals
  'fpf', // a phase of its own
];

const references = await float64References();
let browser: Browser;
let page: Page;
let missing: unknown;

/** Calls a function of packages/testing/src/conformance-page.ts. */
const call = (name: string, ...args: unknown[]): Promise<unknown> =>
  page.evaluate(([wanted, given]) => Reflect.get(globalThis, wanted)(...given), [name, args] as const);

beforeAll(async () => {
  const script = await conformanceBundle();
  browser = await openBrowser(webgpuArguments);
  page = await browser.newPage();
  // Nothing listens there; localhost is what makes the page a secure context, which WebGPU asks for.
  await page.route('http://localhost/**', (route) =>
    route.request().url().endsWith('.js')
      ? route.fulfill({ contentType: 'text/javascript', body: script })
      : route.fulfill({ contentType: 'text/html', body: '<script type="module" src="/page.js"></script>' }),
  );
  await page.goto('http://localhost/');
  await page.waitForFunction(() => 'webgpu' in globalThis);
  missing = await call('webgpu');
  if (missing === undefined) return;
  if (process.env.TAPGRAD_REQUIRE?.split(',').includes('browser')) throw new Error(`no WebGPU in Chromium: ${missing}`);
  console.log(`skipped: no WebGPU in Chromium: ${missing}`);
}, 300_000);

afterAll(() => browser?.close());

describe('on WebGPU in Chromium', () => {
  it.for([...references.keys()])(
    '%s agrees with float64, value and gradient',
    { timeout },
    async (kernel, { skip }) => {
      skip(missing !== undefined, `skipped: ${missing}`);
      const expected = (references.get(kernel) ?? []).map(({ values, gradients }) => ({
        values: values.map((each) => Array.from(each)),
        gradients: gradients.map((each) => Array.from(each)),
      }));
      expect(expected.length).toBeGreaterThan(0);
      expect(await call('row', kernel, expected)).toBeUndefined();
    },
  );

  it.for(plugins)('%s computes what it computes on cpu', { timeout }, async (name, { skip }) => {
    skip(missing !== undefined, `skipped: ${missing}`);
    expect(await call('plugin', name)).toBeUndefined();
  });
});
