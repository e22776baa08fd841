import {
  builtinPlugins,
  continualFpfSpecs,
  continualHeadSpecs,
  continualRegulariserSpecs,
  continualReplaySpecs,
  continualZsclSpecs,
} from '@tapgrad/testing/builtin';
import { getBackend, memory } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { builtInModels } from './models/index.ts';
import { plugins } from './plan/plugins.ts';
import { run } from './run.ts';

async function tapgrad(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ['', ''];
  const code = await run(args, {
    out: (text) => void (out += `${text}\n`),
    error: (text) => void (error += `${text}\n`),
  });
  return { code, out, error };
}

async function planned(...args: string[]) {
  const { out, error } = await tapgrad('plan', ...args, '--json');
  expect(error).toBe('');
  return JSON.parse(out);
}

describe('tapgrad plan', () => {
  it.each(Object.keys(builtInModels))('%s', async (model) => {
    const { full, withPlugins } = await planned(model, '--batch', '2', '--tokens', '16', '--image', '64');
    expect(withPlugins).toBeUndefined();
    expect(full.trainableParameters).toBe(full.parameters);
    expect(full.peak.categories).toMatchObject({ parameters: expect.any(Number), optimizer: 8 * full.parameters });
  });

  it('plans as wide as the options say', async () => {
    const { full, batch } = await planned('vit-ti/16', '-b', '8', '-i', '32', '-c', '7', '-o', 'sgd');
    expect(batch).toBe('8 images of 32 x 32, 7 classes');
    expect(full.peak.categories).toMatchObject({ batch: 4 * (8 * 32 * 32 * 3 + 8), optimizer: 0 });
  });

  it('prints the peak, what held it, and full fine-tuning beside it', async () => {
    const { code, out } = await tapgrad('plan', 'bert-tiny', '-b', '4', '-t', '8', '-p', 'ladder');
    expect(code).toBe(0);
    expect(out).toContain('bert-tiny: one training step, 4 texts of 8 tokens, 2 classes, optimizer adamw');
    expect(out).toMatch(/full fine-tuning.*ladder.*ratio/);
    expect(out).toMatch(/peak +│ +\d.*MB.*MB.*0\.\d{3}/);
    expect(out).toMatch(/layers\.\*\.mlp\.up/);
    expect(out).toMatch(/plugins hold: ladder \d/);
  });

  it('leaves backend and memory as they were', async () => {
    const before = memory().numTensors;
    await planned('bert-tiny', '-b', '1', '-t', '4', '-p', 'ladder');
    expect([getBackend(), memory().numTensors]).toEqual(['cpu', before]);
  });

  it('gives plugins the options that it is given as JSON', async () => {
    const of = (reduction: number) =>
      planned('bert-tiny', '-b', '2', '-p', 'ladder', '--options', JSON.stringify({ ladder: { reduction } }));
    const [wide, narrow] = [await of(2), await of(8)];
    expect(wide.withPlugins.trainableParameters).toBeGreaterThan(narrow.withPlugins.trainableParameters);
    expect(narrow.peakRatio).toBe(narrow.withPlugins.peak.bytes / narrow.full.peak.bytes);
  });

  it('counts the side network beside T5-base as LST’s paper does, and its ratio is under the paper’s 0.31', async () => {
    const options = JSON.stringify({ ladder: { drop: [0, 4, 8] } });
    const plan = await planned('t5-base', '-b', '100', '-t', '128', '-p', 'ladder', '--options', options);
    expect(plan.full.parameters).toBe(222_903_552);
    expect(plan.withPlugins.trainableParameters).toBe(3_878_712);
    expect(plan.peakRatio).toBeLessThan(0.31);
  });
});

/** A model that each plugin suits. */
const suited: Readonly<Record<string, string>> = {
  'momentum-auxiliary': 'resnet-20-cifar',
  'local-learning': 'resnet-20-cifar',
  'synthetic-gradients': 'resnet-20-cifar',
  'mobile-tl': 'mobilenet-v2',
};

const learningTasks = [
  ...continualFpfSpecs,
  ...continualHeadSpecs,
  ...continualRegulariserSpecs,
  ...continualReplaySpecs,
  ...continualZsclSpecs,
];
/** R2-Tuning reads two towers, which no model of the command line has; what learns task after task does nothing in the one step that is planned. */
const notHere = ['r2', ...learningTasks.map(({ name }) => name)];

describe('every plugin of the command line can be planned', () => {
  it('they are those of the families', () => {
    const names = builtinPlugins.map(({ name }) => name).filter((name) => !notHere.includes(name));
    expect(names.filter((name) => !(name in plugins))).toEqual([]);
  });

  it.each(Object.keys(plugins))('%s', async (name) => {
    const { withPlugins } = await planned(suited[name] ?? 'vit-ti/16', '-b', '4', '-i', '32', '-p', name);
    expect(withPlugins.peak.bytes).toBeGreaterThan(0);
  });
});

describe('what is wrong is said in one line, and the exit code is 1', () => {
  it.each([
    [['plan', 'vit-x'], /^error: unknown model "vit-x"; choose among vit-ti\/16, /],
    [['plan', 'toString'], /^error: unknown model "toString"/],
    [['plan', 'vit-ti/16', '-p', 'ladder,lader'], /^error: unknown plugin "lader"; choose among ladder, /],
    [['plan', 'vit-ti/16', '-o', 'lion'], /^error: unknown optimizer "lion"; choose among adamw, /],
    [['plan', 'vit-ti/16', '-b', '1.5'], /^error: option '-b.* Expected a whole number from 1\.$/],
    [['plan', 'vit-ti/16', '--colour'], /^error: unknown option '--colour'$/],
    [['plan', 'vit-ti/16', '--options', '{'], /^error: --options must be JSON/],
    [['plan', 'vit-ti/16', '--options', '{"ladder":{}}'], /^error: --options are given for "ladder"/],
    [['plan', 'vit-ti/16', '-i', '100'], /^error: BAD_OPTION: .*patches/],
    [['plan', 'vit-ti/16', '-p', 'ladder', '--options', '{"ladder":{"depth":3}}'], /^error: PLUGIN_OPTIONS: .*depth/],
    [['plan'], /^error: missing required argument 'model'$/],
    [['pla'], /^error: unknown command 'pla'/],
  ])('%s', async (args, message) => {
    const { code, out, error } = await tapgrad(...args);
    expect([code, out]).toEqual([1, '']);
    expect(error.trimEnd()).toMatch(message);
    expect(
      error
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('(Did you mean')),
    ).toHaveLength(1);
  });

  it('help is no error', async () => {
    const { code, out } = await tapgrad('plan', '--help');
    expect(code).toBe(0);
    expect(out).toContain('--plugins');
  });
});
