import '@tensorflow/tfjs-backend-cpu';
import { useWasm } from '@tapgrad/backend-wasm';
import { add, getBackend, mul, square, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pluginChecks } from './plugin-checks.ts';
import type { PluginSpec } from './plugin-spec.ts';
import { type Apply, healthy, specOf } from './test-plugins.ts';

await useWasm();

const onOthers = (spec: PluginSpec) => pluginChecks(spec).filter(({ property }) => property === 'backends');

it('a plugin that computes the same on every backend passes', async () => {
  const checks = onOthers(specOf('healthy', healthy));
  expect(checks.map(({ name }) => name)).toEqual(['cpu: every backend computes the same']);
  for (const { run } of checks) await run();
  expect(getBackend()).toBe('wasm');
});

it('the tester finds a plugin that computes something else on one backend', async () => {
  const partial = specOf('partial', ({ hooks }) => {
    hooks.tap('hidden:output').forward((value) => (getBackend() === 'cpu' ? mul(value, 1.01) : undefined));
  });
  const [check] = onOthers(partial);
  await expect(check?.run()).rejects.toMatchObject({
    code: 'PLUGIN_TEST_BACKENDS',
    plugin: 'partial',
    message: expect.stringMatching(
      /property "backends".*gradients on cpu differ from those on wasm by 0\.0\d+ of their norm/,
    ),
  });
  expect(getBackend()).toBe('wasm');
});

/** Keeps so much less than it was given of what nodes of these kernels keep. */
const losing =
  (share: () => number, kernels: readonly string[]): Apply =>
  (context) => {
    context.hooks.save.tap((slot, { kernel }) =>
      kernels.includes(kernel)
        ? slot.through({ pack: (x: Tensor) => mul(x, 1 - share()), unpack: (kept) => add(kept, 0), lossy: 'a share' })
        : slot,
    );
  };
const lossySpec = (apply: Apply, bound: number) =>
  specOf('lossy', apply, { gradients: { lossy: 'a share', bound }, declared: { lossy: { bound: 'a share' } } });
const onCpu = (there: number, elsewhere: number) => () => (getBackend() === 'cpu' ? there : elsewhere);

it('a plugin that loses other bits on one backend is found, however much it may lose', async () => {
  const [same] = onOthers(
    lossySpec(
      losing(() => 0.05, ['tapgrad.Gelu']),
      0.5,
    ),
  );
  await same?.run();
  const [other] = onOthers(lossySpec(losing(onCpu(0.05, 0.06), ['tapgrad.Gelu']), 0.5));
  await expect(other?.run()).rejects.toMatchObject({ code: 'PLUGIN_TEST_BACKENDS', plugin: 'lossy' });
});

describe('where the other backend keeps something else', () => {
  /** Squares, by kernels that keep their input under different names. */
  const squaring: Apply = ({ hooks }) => {
    hooks.tap('head:output').forward((x) => (getBackend() === 'cpu' ? square(x) : mul(x, x)));
  };
  const both =
    (first: Apply, second: Apply): Apply =>
    (context) => {
      first(context);
      second(context);
    };
  const losingSquares = losing(onCpu(0.05, 0.06), ['Square', 'Multiply']);

  it('what is lost of that is held to the declared bound', async () => {
    const [within] = onOthers(lossySpec(both(squaring, losingSquares), 0.1));
    await within?.run();
    const [beyond] = onOthers(lossySpec(both(squaring, losingSquares), 0.002));
    await expect(beyond?.run()).rejects.toMatchObject({ code: 'PLUGIN_TEST_BACKENDS' });
  });

  it('what is lost of the rest must be the same', async () => {
    const rest = losing(onCpu(0.05, 0.06), ['tapgrad.Gelu']);
    const [check] = onOthers(lossySpec(both(squaring, both(losingSquares, rest)), 0.5));
    await expect(check?.run()).rejects.toMatchObject({ code: 'PLUGIN_TEST_BACKENDS' });
  });
});
