import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ExamplePage, serveExample, viewports } from './browser-example.ts';
import { openBrowser, webgpuArguments } from './page.ts';

const minutes = 60_000;
const sentences = ['a red apple\tfruit', 'two ripe pears\tfruit', 'the small dog\tanimal', 'a grey horse\tanimal'].join(
  '\n',
);
const settings = { steps: 2, batchSize: 4, learningRate: 0.005, seed: 3 };

let server: Awaited<ReturnType<typeof serveExample>>;
let plain: Browser;
let gpu: Browser;
let opened: ExamplePage[] = [];

beforeAll(async () => {
  server = await serveExample();
  [plain, gpu] = await Promise.all([openBrowser(), openBrowser(webgpuArguments)]);
}, 10 * minutes);

afterEach(async () => {
  const all = opened;
  opened = [];
  for (const { problems } of all) expect(problems).toEqual([]);
  await Promise.all(all.map((page) => page.close()));
});

afterAll(async () => {
  await Promise.all([plain?.close(), gpu?.close()]);
  await server?.close();
});

async function open(browser: Browser, path: string, size: keyof typeof viewports): Promise<ExamplePage> {
  const page = await ExamplePage.open(browser, `${server.url}${path}`, viewports[size]);
  opened.push(page);
  return page;
}

/** Trains on four sentences and returns what the page says of its last step. */
async function trainOnFour(page: ExamplePage): Promise<string> {
  await page.page.fill('#sentences', sentences);
  await page.train(settings);
  return page.says('#training', /Done/);
}

describe('the page that fine-tunes', () => {
  it(
    'takes WebAssembly where there is no GPU and says why; trains, classifies, and works offline with what was downloaded',
    async () => {
      const example = await open(plain, '', 'desktop');
      const { page } = example;
      expect(await example.says('#backend', /Ready/)).toMatch(/Ready on WebAssembly.*WebGPU/s);
      expect(await trainOnFour(example)).toMatch(/Done after 2 steps, loss \d.*numbers trained, peak \d+\.\d MB/s);
      expect(await example.text('#memory-now')).toMatch(/parameters\s*2[78]\.\d MB/);
      const answer = await example.classify('a yellow banana');
      expect(answer).toHaveLength(2);

      const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
      expect(download.suggestedFilename()).toBe('tapgrad-ladder.safetensors');
      const content = await readFile(await download.path());
      expect(content.subarray(8, 20_000).toString()).toContain('ladder/');

      expect(await example.says('#offline', /\S/)).toMatch(/works offline/);
      await page.context().setOffline(true);
      await page.reload();
      await example.says('#backend', /Ready/);
      const file = { name: 'mine.safetensors', mimeType: 'application/octet-stream', buffer: content };
      await page.setInputFiles('#load', file);
      expect(await example.says('#keep', /mine/)).toMatch(/2 labels \(animal, fruit\), trained for 2 steps/);
      expect(await example.classify('a yellow banana')).toEqual(answer);
      await page.setInputFiles('#load', { ...file, buffer: content.subarray(0, 100) });
      expect(await example.says('#keep-problem', /\S/)).not.toBe('');
      expect(await example.classify('a yellow banana')).toEqual(answer);
    },
    10 * minutes,
  );

  it(
    'can be stopped in the middle, and keeps what was learnt so far',
    async () => {
      const example = await open(plain, '?backend=wasm', 'phone');
      await example.says('#data-summary', /48 sentences/);
      await example.says('#backend', /Ready/);
      await example.train({ ...settings, steps: 10_000 });
      await example.says('#training', /Step \d+ of 10000/);
      await example.page.click('#stop');
      expect(await example.says('#training', /Stopped/)).toMatch(/Stopped after \d+ steps/);
      expect(await example.classify('cold rain from the north')).toHaveLength(4);
      expect(await example.overflow()).toBe(0);
    },
    10 * minutes,
  );

  it(
    'says line by line what is wrong with sentences, and does not train on them',
    async () => {
      const example = await open(plain, '?backend=wasm', 'phone');
      const { page } = example;
      await example.says('#backend', /Ready/);
      const wrong: readonly (readonly [string, RegExp])[] = [
        ['no tab in here', /Line 1: there is no tab/],
        ['one\ttwo\tthree', /Line 1: there are 2 tabs/],
        ['ok\tyes\n\tno', /Line 2: the sentence is empty/],
        ['ok\tyes\nwell\t', /Line 2: “well” has no label/],
        ['ok\tyes\nok\tno', /Line 2: “ok” was “yes” above and is “no” here/],
        ['ok\tyes\nfine\tyes', /at least two labels/],
      ];
      for (const [content, message] of wrong) {
        await page.setInputFiles('#tsv', { name: 'a.tsv', mimeType: 'text/plain', buffer: Buffer.from(content) });
        expect(await example.says('#data-problems', message)).toMatch(message);
        expect(await page.locator('#train').isDisabled()).toBe(true);
      }
      await page.setInputFiles('#tsv', { name: 'b.tsv', mimeType: 'text/plain', buffer: Buffer.from([0xff, 0xfe, 0]) });
      await example.says('#data-problems', /b\.tsv is not a text file in UTF-8/);
      await page.fill('#add [name=text]', 'a sentence that was typed');
      await page.fill('#add [name=label]', 'no');
      await page.keyboard.press('Enter');
      expect(await example.says('#data-summary', /3 sentences/)).toMatch(/2 labels: no, yes/);
      expect(await page.locator('#train').isDisabled()).toBe(false);
    },
    10 * minutes,
  );

  it(
    'keeps what was typed before the sample came, says what cannot be read, and does not have each step read out',
    async () => {
      const example = await open(plain, 'bench.html', 'phone');
      const { page } = example;
      let send = () => {};
      const late = new Promise<void>((resolve) => {
        send = resolve;
      });
      await page.route('**/sample.tsv', async (route) => {
        await late;
        await route.continue();
      });
      await page.goto(`${server.url}?backend=wasm`);
      await page.fill('#sentences', sentences);
      const sample = page.waitForResponse('**/sample.tsv');
      send();
      await (await sample).finished();
      await example.says('#backend', /Ready/);
      expect(await page.inputValue('#sentences')).toBe(sentences);

      await page.evaluate(() => {
        const dataTransfer = new DataTransfer();
        const folder = new File([], 'a folder');
        dataTransfer.items.add(folder);
        File.prototype.arrayBuffer = () => Promise.reject(new DOMException('not a file', 'NotFoundError'));
        dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
      });
      await example.says('#data-problems', /a folder cannot be read/);
      expect(await page.inputValue('#sentences')).toBe(sentences);

      // Read out is what one waits for, not each step.
      await example.train({ ...settings, steps: 10_000 });
      await example.says('#training', /Step \d+ of 10000/);
      expect(await page.locator('#training').getAttribute('aria-live')).toBe('off');
      await page.click('#stop');
      await example.says('#training', /Stopped/);
      expect(await page.locator('#training').getAttribute('aria-live')).toBe('polite');
    },
    10 * minutes,
  );

  it(
    'trains on WebGPU from the same loss as on WebAssembly, and classifies',
    async () => {
      const losses: number[] = [];
      for (const [browser, backend] of [
        [gpu, 'webgpu'],
        [plain, 'wasm'],
      ] as const) {
        const example = await open(browser, `?backend=${backend}`, 'phone');
        await example.says('#backend', /Ready/);
        await example.page.fill('#sentences', sentences);
        await example.train({ ...settings, steps: 1 });
        losses.push(Number((await example.says('#training', /Done/)).match(/loss (\d+\.\d+)/)?.[1]));
        expect(await example.classify('a brown cow')).toHaveLength(2);
      }
      expect(losses[0]).toBeCloseTo(losses[1]!, 2);
    },
    20 * minutes,
  );

  it(
    'says that the GPU is gone, and trains again on a new device',
    async () => {
      const browser = await openBrowser(webgpuArguments);
      try {
        const example = await open(browser, '?backend=webgpu', 'phone');
        await example.says('#backend', /Ready/);
        await example.page.fill('#sentences', sentences);
        await example.train({ ...settings, steps: 10_000 });
        await example.says('#training', /Step \d+ of 10000/);
        await (await browser.newBrowserCDPSession()).send('Browser.crashGpuProcess');
        expect(await example.says('#training-problem', /\S/)).toMatch(/device is gone.*train again/s);
        await example.says('#training', /Ready again, on a new WebGPU device/);
        expect(await trainOnFour(example)).toMatch(/Done after 2 steps/);
        expect(await example.text('#training-problem')).toBe('');
        expect(await example.classify('a brown cow')).toHaveLength(2);
      } finally {
        await browser.close();
      }
    },
    20 * minutes,
  );
});

describe('the page that measures', () => {
  it(
    'runs every contestant on WebGPU and lets the result be copied',
    async () => {
      const bench = await open(gpu, 'bench.html', 'desktop');
      await bench.says('#adapter', /Adapter: .*swiftshader/i);
      await bench.page.selectOption('[name=scale]', 'tiny');
      await bench.page.fill('[name=rounds]', '1');
      await bench.page.click('#options button:not([disabled])');
      await bench.says('#doing', /Done/);
      expect(await bench.text('#problem')).toBe('');
      expect(await bench.text('#rows')).toMatch(/plain-tfjs[\s\S]*same-code[\s\S]*modules[\s\S]*jax/);
      await bench.page.click('#copy');
      await bench.says('#doing', /clipboard/);
      const result = JSON.parse(await bench.page.evaluate(() => navigator.clipboard.readText()));
      expect(result.strangers).toEqual([]);
      expect(result.ratios).toMatchObject({
        ratioTime: expect.any(Number),
        ratioPeak: expect.any(Number),
        ratioTimeJax: expect.any(Number),
      });
    },
    20 * minutes,
  );

  it('says why nothing can be measured without a GPU', async () => {
    const bench = await open(plain, 'bench.html', 'phone');
    expect(await bench.says('#adapter', /Nothing can be measured/)).toMatch(/WebGPU|adapter/);
    expect(await bench.page.locator('#options button').isDisabled()).toBe(true);
    expect(await bench.overflow()).toBe(0);
  });
});
