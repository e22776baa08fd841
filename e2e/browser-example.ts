import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { preview } from 'vite';

const root = join(import.meta.dirname, '..');
/** A machine without a GPU that does other things too compiles shaders for minutes. */
const patience = 540_000;

export const viewports = {
  desktop: { viewport: { width: 1100, height: 800 } },
  phone: { viewport: { width: 375, height: 720 }, isMobile: true, hasTouch: true },
} satisfies Record<string, BrowserContextOptions>;

/** Builds the pages of examples/browser as `npm run browser` does, and serves them with their headers. */
export async function serveExample(): Promise<{ url: string; close: () => Promise<void> }> {
  await promisify(execFile)(process.execPath, ['scripts/browser.mjs', '--build'], { cwd: root });
  const server = await preview({ root: join(root, 'examples/browser'), logLevel: 'error', preview: { port: 0 } });
  return { url: server.resolvedUrls?.local[0] ?? '', close: () => server.close() };
}

/** A page of the example, as a visitor uses it. */
export class ExamplePage {
  /** Uncaught errors and messages of type error, among them each breach of the content security policy. */
  readonly problems: string[] = [];

  private constructor(readonly page: Page) {
    page.setDefaultTimeout(patience);
    page.on('pageerror', (error) => this.problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && this.problems.push(message.text()));
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions): Promise<ExamplePage> {
    const context = await browser.newContext({ ...options, permissions: ['clipboard-read', 'clipboard-write'] });
    const opened = new ExamplePage(await context.newPage());
    await opened.page.goto(url);
    return opened;
  }

  async text(selector: string): Promise<string> {
    return (await this.page.locator(selector).textContent()) ?? '';
  }

  /** Waits until the element says something that matches; resolves to its text. */
  async says(selector: string, wanted: RegExp): Promise<string> {
    await this.page.locator(selector, { hasText: wanted }).waitFor();
    return this.text(selector);
  }

  async train(settings: Readonly<Record<string, number>>): Promise<void> {
    await this.page.locator('details').evaluate((details) => details.setAttribute('open', ''));
    for (const [name, value] of Object.entries(settings)) await this.page.fill(`[name=${name}]`, String(value));
    await this.page.click('#train:not([disabled])');
  }

  /** Classes of a sentence by what was trained, with their probabilities, as the page shows them. */
  async classify(sentence: string): Promise<string[]> {
    await this.page.locator('#classes').evaluate((list) => list.replaceChildren());
    await this.page.fill('#classify [name=text]', sentence);
    await this.page.click('#classify button:not([disabled])');
    await this.page.locator('#classes li').first().waitFor();
    return (await this.page.locator('#classes li').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '));
  }

  /** How far the page is wider than the window. */
  overflow(): Promise<number> {
    return this.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}
