import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectGradients, expectTraining } from './expected.ts';
import { type Consumer, installPacked } from './install.ts';
import { buildPage, type OpenPage, openBrowser, openPage, servePage } from './page.ts';

const strictPolicy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
let consumer: Consumer;
let browser: Browser;

beforeAll(async () => {
  consumer = await installPacked();
  await buildPage(join(consumer.folder, 'page'));
  browser = await openBrowser();
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await consumer?.remove();
});

describe.each([
  { name: 'a page built with Vite', headers: {}, mayGenerateCode: true },
  {
    name: 'a page whose policy forbids code generation',
    headers: { 'Content-Security-Policy': strictPolicy },
    mayGenerateCode: false,
  },
])('the packed packages in $name', ({ headers, mayGenerateCode }) => {
  let server: Awaited<ReturnType<typeof servePage>>;
  let page: OpenPage;

  beforeAll(async () => {
    server = await servePage(join(consumer.folder, 'page'), headers);
    page = await openPage(browser, server.url);
  });

  afterAll(() => server?.close());

  it(`run where code generation is ${mayGenerateCode ? 'allowed' : 'forbidden'}`, async () => {
    expect(await page.call('mayGenerateCode')).toBe(mayGenerateCode);
  });

  it('can all be imported', async () => {
    for (const count of Object.values((await page.call('exportCounts')) as object)) expect(count).toBeGreaterThan(0);
  });

  it.each(['cpu', 'wasm'])('compute gradients, and train with a plugin, on the %s backend', async (backend) => {
    expectGradients(await page.call('gradientsOn', backend), backend);
    expectTraining(await page.call('trainingOn', backend), backend);
    expect(page.problems).toEqual([]);
  });
});
