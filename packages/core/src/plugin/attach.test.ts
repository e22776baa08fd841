import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  attach,
  type Batch,
  definePlugin,
  disposeBatch,
  Parameter,
  type Plugin,
  type PluginDeclaration,
  type StandardSchema,
  TapgradError,
} from '../index.ts';
import { Dense, Mlp, meanSquaredError, plainSgd } from './test-model.ts';

let model: Mlp;
let batch: Batch;

beforeEach(() => {
  model = new Mlp();
  batch = { inputs: tf.tensor2d([1, 2, 3], [1, 3]), targets: tf.tensor2d([0, 1], [1, 2]) };
});

afterEach(() => {
  model.dispose();
  disposeBatch(batch);
});

function plugin(declaration: PluginDeclaration): Plugin {
  return definePlugin({ ...declaration, apply: () => ({}) })();
}

function put(...plugins: Plugin[]) {
  return attach(model, plugins, { loss: meanSquaredError, optimizer: plainSgd() });
}

function codeOf(f: () => unknown): string {
  try {
    f();
  } catch (thrown) {
    if (thrown instanceof TapgradError) return thrown.code;
    throw thrown;
  }
  return 'no error';
}

describe('the order of plugins', () => {
  it('is the one given, where nothing is declared', () => {
    const stack = put(plugin({ name: 'b' }), plugin({ name: 'a' }));
    expect(stack.plugins).toEqual(['b', 'a']);
    stack.detach();
  });

  it('follows before, after, and who reads what others change', () => {
    const stack = put(
      plugin({ name: 'reader', reads: ['slot:elementwise'] }),
      plugin({ name: 'last', after: ['first', 'absent?'] }),
      plugin({ name: 'coder', transforms: ['slot:elementwise'] }),
      plugin({ name: 'first', before: ['reader'] }),
    );
    expect(stack.plugins).toEqual(['coder', 'first', 'reader', 'last']);
    expect(stack.explain()).toContain('coder before reader: reader reads slot:elementwise, which coder changes');
    expect(stack.explain()).toContain('first before last: last declares after: first');
    stack.detach();
  });

  it.each([
    ['PLUGIN_DUPLICATE', [{ name: 'a' }, { name: 'a' }]],
    ['PLUGIN_UNKNOWN', [{ name: 'a', before: ['mispelt'] }]],
    [
      'PLUGIN_CYCLE',
      [
        { name: 'a', before: ['b'] },
        { name: 'b', before: ['a'] },
      ],
    ],
    ['PLUGIN_CONFLICT', [{ name: 'a', conflicts: ['b'] }, { name: 'b' }]],
    ['PLUGIN_CONFLICT', [{ name: 'b' }, { name: 'a', conflicts: ['b'] }]],
    [
      'PLUGIN_WRITERS',
      [
        { name: 'a', writes: ['output:model'] },
        { name: 'b', writes: ['output:model'] },
      ],
    ],
    ['PLUGIN_VERSION', [{ name: 'a', requires: { core: '^99' } }]],
  ] as [string, PluginDeclaration[]][])('refuses with %s', (code, declarations) => {
    const before = tf.memory().numTensors;
    expect(codeOf(() => put(...declarations.map(plugin)))).toBe(code);
    expect(tf.memory().numTensors).toBe(before);
    // The model is free again.
    put().detach();
  });
});

describe('options', () => {
  const schema: StandardSchema<{ bits?: number }, { bits: number }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value) {
        const { bits = 4 } = value as { bits?: number };
        return bits > 0 ? { value: { bits } } : { issues: [{ message: 'must be positive', path: ['bits'] }] };
      },
    },
  };
  const coder = definePlugin({ name: 'coder', options: schema, apply: () => ({}) });

  it('are validated and given their defaults', () => {
    expect(coder().options).toEqual({ bits: 4 });
    expect(coder({ bits: 2 }).options).toEqual({ bits: 2 });
  });

  it('are refused with their path', () => {
    expect(() => coder({ bits: -1 })).toThrow(/PLUGIN_OPTIONS: bits: must be positive \(plugin coder\)/);
    const none = definePlugin({ name: 'none', apply: () => ({}) });
    expect(() => none({ x: 1 } as never)).toThrow(/PLUGIN_OPTIONS: it takes no options, and was given x/);
  });
});

describe('attach', () => {
  it('refuses a model that is attached', () => {
    const stack = put();
    expect(codeOf(() => put())).toBe('ALREADY_ATTACHED');
    stack.detach();
    put().detach();
  });

  it('refuses a tap that matches nothing, and says which points there are', () => {
    const misspelt = definePlugin({
      name: 'misspelt',
      apply: ({ hooks }) => void hooks.tap('layer.*:output').forward(() => {}),
    });
    expect(() => put(misspelt())).toThrow(/TAP_UNMATCHED.*layer\.\*:output.*misspelt.*layers\.0:/);
  });

  it('leaves no half-attached plugin when a later one fails', () => {
    let disposed = 0;
    const before = tf.memory().numTensors;
    const good = definePlugin({
      name: 'good',
      apply({ hooks, addModule, addParameter, keep, filterTrainable, snapshot, model: target }) {
        addModule('side', new Dense(3, 3, 1));
        addParameter('gate', new Parameter(tf.scalar(0)));
        keep(tf.ones([5]));
        snapshot(target);
        filterTrainable(() => false);
        hooks.tap('**:output').forward((y) => tf.mul(y, 2));
        return { dispose: () => void disposed++ };
      },
    });
    const bad = definePlugin({
      name: 'bad',
      apply() {
        throw new Error('no such block');
      },
    });
    expect(() => put(good(), bad())).toThrow(/HOOK_FAILED: no such block \(plugin bad, hook apply\)/);
    expect(disposed).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
    expect(model.taps).toBeUndefined();
    const y = model.call(batch.inputs as tf.Tensor);
    y.dispose();
  });

  it('refuses a second thing of one name', () => {
    const twice = definePlugin({
      name: 'twice',
      apply({ addModule }) {
        addModule('side', new Dense(1, 1, 1));
        const second = new Dense(1, 1, 1);
        try {
          addModule('side', second);
        } finally {
          second.dispose();
        }
      },
    });
    expect(codeOf(() => put(twice()))).toBe('NAME_TAKEN');
  });

  it('says which plugin and hook failed in a step, and changes nothing', async () => {
    const failing = definePlugin({
      name: 'failing',
      apply({ hooks }) {
        hooks.tap('layers.1:output').backward(() => {
          throw new Error('overflow');
        });
      },
    });
    const stack = put(failing());
    const before = tf.memory().numTensors;
    const weights = [...(model.layers[0]?.weight.variable.dataSync() ?? [])];
    await expect(stack.step(batch)).rejects.toThrow(
      /HOOK_FAILED: overflow \(plugin failing, hook tap\(layers\.1:output\), module layers\.1:output\)/,
    );
    expect(tf.memory().numTensors).toBe(before);
    expect([...(model.layers[0]?.weight.variable.dataSync() ?? [])]).toEqual(weights);
    expect(stack.steps).toBe(0);
    stack.detach();
  });

  it.each(['batch', 'loss', 'microBatch', 'step', 'before', 'replace', 'after', 'begin'])(
    'leaves nothing when hook %s throws',
    async (hook) => {
      const fail = () => {
        throw new Error('broken');
      };
      const failing = definePlugin({
        name: 'failing',
        apply({ hooks }) {
          const all = {
            ...hooks.gradients,
            ...hooks.update,
            batch: hooks.batch,
            loss: hooks.loss,
            begin: hooks.step.begin,
          };
          hooks.loss.keepApart('task');
          (all as Record<string, { tap(f: () => never): void }>)[hook]?.tap(fail);
        },
      });
      const stack = put(failing());
      const before = tf.memory().numTensors;
      await expect(stack.step([batch, batch])).rejects.toThrow(/HOOK_FAILED: broken \(plugin failing/);
      expect(tf.memory().numTensors).toBe(before);
      stack.detach();
    },
  );

  it('needs an optimizer, or a plugin in its place', async () => {
    const stack = attach(model, [], { loss: meanSquaredError });
    const before = tf.memory().numTensors;
    await expect(stack.step(batch)).rejects.toThrow(/OPTIMIZER_MISSING/);
    expect(tf.memory().numTensors).toBe(before);
    stack.detach();
  });
});

describe('detaching and disabling', () => {
  const doubling = definePlugin({
    name: 'doubling',
    apply({ hooks, addModule, filterTrainable }) {
      const side = addModule('side', new Dense(2, 2, 9));
      filterTrainable((name) => name.startsWith('doubling/'));
      hooks.tap(':output').forward((y) => side.call(tf.mul(y, 2)));
    },
  });

  function outputs(): number[] {
    return tf.tidy(() => [...model.call(batch.inputs as tf.Tensor).dataSync()]);
  }

  it('leaves the model bit-identical and no buffer behind', async () => {
    const [before, tensors] = [outputs(), tf.memory().numTensors];
    const stack = put(doubling());
    expect(outputs()).not.toEqual(before);
    await (await stack.step(batch)).loss;
    stack.detach();
    expect(outputs()).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
    await expect(stack.step(batch)).rejects.toThrow(/DETACHED/);
    stack.detach();
  });

  it('takes one plugin away and leaves the others', () => {
    const before = outputs();
    const stack = put(doubling(), plugin({ name: 'other' }));
    stack.detach('doubling');
    expect(stack.plugins).toEqual(['other']);
    expect(outputs()).toEqual(before);
    expect(() => stack.detach('doubling')).toThrow(/PLUGIN_UNKNOWN.*attached are: other/);
    stack.detach();
  });

  it('a disabled plugin is bit-identical to its absence', async () => {
    const run = async (disabled: boolean) => {
      const fresh = new Mlp();
      const stack = attach(fresh, disabled ? [doubling()] : [], { loss: meanSquaredError, optimizer: plainSgd() });
      if (disabled) stack.setEnabled('doubling', false);
      const losses: number[] = [];
      for (let i = 0; i < 3; i++) losses.push(await (await stack.step(batch)).loss);
      stack.detach();
      const weights = [...fresh.state().values()].flatMap((each) => [...each.dataSync()]);
      fresh.dispose();
      return [...losses, ...weights];
    };
    expect(await run(true)).toEqual(await run(false));
  });
});

describe('explain', () => {
  it('says who runs where, what each adds, and why in this order', () => {
    const side = definePlugin({
      name: 'side',
      version: '1.2.0',
      writes: ['output:model'],
      lossy: { bound: '0.5 %' },
      apply({ addModule, hooks, filterTrainable }) {
        addModule('net', new Dense(2, 2, 4));
        hooks.tap('layers.*:output').forward(() => {});
        hooks.loss.tap((terms) => terms);
        filterTrainable((name) => name.startsWith('side/'));
      },
    });
    const stack = put(side());
    expect(stack.explain()).toBe(
      [
        'model: 32 parameters, 6 train (18.8 %)',
        'plugins, in the order in which they run:',
        '  1. side 1.2.0',
        '     adds: 6 parameters in net',
        '     taps: layers.*:output',
        '     hooks: loss, filter of what trains',
        '     writes: output:model',
        '     lossy: 0.5 %',
      ].join('\n'),
    );
    stack.detach();
  });
});
