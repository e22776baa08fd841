import { type Browser, chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { chromiumPath } from '../scripts/lib/chromium.mjs';

const chromiumArguments = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
const withoutGpu = ['--headless', '--disable-gpu'];
/** For pages that use WebGPU: on Chromium's own software adapter. */
export const webgpuArguments: readonly string[] = [
  '--headless=new',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
];

/** A page that is open in a browser. */
export interface OpenPage {
  /** Calls a global function of the page. */
  call(name: string, ...args: unknown[]): Promise<unknown>;
  /** What the page reported so far: uncaught errors, and messages on the console of type error. */
  readonly problems: readonly string[];
}

export function openBrowser(more: readonly string[] = withoutGpu): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath, args: [...chromiumArguments, ...more] });
}

/** Builds the page in `root` with Vite. */
export async function buildPage(root: string): Promise<void> {
  await build({ root, configFile: false, logLevel: 'error', build: { target: 'es2022' } });
}

/** Serves the built page with these headers. @returns its address, and how to stop */
export async function servePage(
  root: string,
  headers: Record<string, string>,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server = await preview({ root, configFile: false, logLevel: 'error', preview: { headers, port: 0 } });
  return { url: server.resolvedUrls?.local[0] ?? '', close: () => server.close() };
}

export async function openPage(browser: Browser, url: string): Promise<OpenPage> {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto(url);
  return {
    problems,
    call: async (name, ...args) => {
      await page.waitForFunction((wanted) => wanted in globalThis, name, { timeout: 20_000 });
      // In a task of the page's own: what the debugger evaluates itself is exempt from the content security policy.
      const inPage = ([wanted, given]: readonly [string, unknown[]]): Promise<unknown> =>
        new Promise((resolve, reject) => {
          setTimeout(() =>
            Promise.resolve()
              .then(() => Reflect.get(globalThis, wanted)(...given))
              .then(resolve, reject),
          );
        });
      return page.evaluate(inPage, [name, args] as const);
    },
  };
}
