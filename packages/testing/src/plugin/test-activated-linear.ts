import { derivativeCodes } from '@tapgrad/activation-compression';
import { definePlugin, Module, type Plugin, type PluginContext, randomStream } from '@tapgrad/core';
import { FeedForward, Linear, SiLU } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import { add, engine, mul, relu, square, sum, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it, vi } from 'vitest';
import type { ModelSpec } from './plugin-spec.ts';
import { SwitchedOptimizer } from './switched-optimizer.ts';
import { type Trial, trial } from './trial.ts';
import { relativeDistance, type Values } from './values.ts';

const [width, hidden] = [4, 6];
const linear = (from: number, to: number, name: string) => new Linear(from, to, { random: randomStream(1, name) });

/** The layers of a feed-forward block, one after the other, which no backend takes together. */
class Apart extends Module {
  readonly up = linear(width, hidden, 'up');
  readonly activation = new SiLU();
  readonly down = linear(hidden, width, 'down');

  override forward(x: Tensor): Tensor {
    return this.down.call(this.activation.call(this.up.call(x)));
  }
}

/** The same, of which linear layer and activation may be one kernel. */
function together(): FeedForward {
  const made = new FeedForward({ width, hidden, activation: 'silu', random: randomStream(1, 'block') });
  const like = new Apart();
  const values = like.state();
  for (const [name, parameter] of made.namedParameters()) parameter.assign(values.get(name)!);
  like.dispose();
  return made;
}

const specOf = (name: string, model: () => Module<never, unknown>): ModelSpec => ({
  name,
  model,
  batch: () => ({ inputs: tensor(randomStream(2, 'x').normal(5 * width, 0, 2), [5, width]) }),
  loss: (outputs) => sum(square(outputs as Tensor)),
});
const apart = specOf('apart', () => new Apart());
const fused = specOf('together', together);

type Taps = (context: PluginContext<Record<string, never>>) => void;
const plugin = (taps: Taps): Plugin => definePlugin({ name: 'taps', apply: (context) => taps(context) })();
const change =
  (pattern: string, f: (value: Tensor) => Tensor): Taps =>
  ({ hooks }) => {
    hooks.tap(pattern).forward((value) => f(value));
  };

/** What plugins do to the layer or its activation, and whether the activation is then still what the layer computed with its output. */
const plugins: readonly (readonly [what: string, plugin: () => Plugin, stillOne: boolean])[] = [
  ['changes nothing', () => plugin(() => undefined), true],
  ['changes the output of the layer', () => plugin(change('up:output', (z) => mul(z, -1.5))), false],
  ['cuts the output of the layer off', () => plugin(change('up:output', relu)), false],
  ['changes what enters the activation', () => plugin(change('activation:input', (z) => add(z, 0.5))), false],
  ['changes what leaves the activation', () => plugin(change('activation:output', (y) => mul(y, 2))), true],
  ['changes what enters the layer', () => plugin(change('up:input', (x) => mul(x, 0.5))), true],
  ['changes the weight', () => plugin(change('up:weight', (weight) => mul(weight, -0.5))), true],
  [
    'changes the gradient between them',
    () =>
      plugin(({ hooks }) => {
        hooks.tap('up:output').backward((dz) => mul(dz, 3));
      }),
    true,
  ],
  ['keeps codes of the derivative', () => derivativeCodes({ bits: 4 }), true],
];

async function results(on: ModelSpec, made: Plugin) {
  const optimizer = new SwitchedOptimizer(sgd({ learningRate: 0.1 }));
  return trial(on, { plugins: [made], optimizer }, async ({ step, predict, ...rest }) => {
    const gradients = await optimizer.collect(() => step(0));
    const kernels = await kernelsOf(rest);
    return { gradients, predictions: await predict(0), kernels };
  });
}

/** What a forward runs. */
async function kernelsOf({ stack, batch }: Pick<Trial, 'stack' | 'batch'>): Promise<string[]> {
  const ran = vi.spyOn(engine(), 'runKernel');
  try {
    (stack.predict(batch(0).inputs as Tensor) as Tensor).dispose();
    return ran.mock.calls.map(([name]) => name);
  } finally {
    ran.mockRestore();
  }
}

/**
 * A feed-forward block whose backend takes a linear layer and its activation together does with any plugin what the layers do one by one.
 * @param alone the kernel that runs where the activation is computed by itself
 */
export function testActivatedLinear(alone: string, tolerance: number): void {
  const near = (actual: Values, expected: Values) =>
    expect(relativeDistance(actual, expected)).toBeLessThanOrEqual(tolerance);

  describe('a linear layer and its activation in one, beside a plugin that', () => {
    it.each(plugins)('%s', async (_, made, stillOne) => {
      const [one, two] = [await results(fused, made()), await results(apart, made())];
      expect(one.kernels).toContain('tapgrad.LinearActivation');
      expect(two.kernels).not.toContain('tapgrad.LinearActivation');
      expect(one.kernels.includes(alone)).toBe(!stillOne);
      expect([...one.gradients.keys()]).toEqual([...two.gradients.keys()]);
      near(one.gradients, two.gradients);
      near(one.predictions, two.predictions);
    });

    it('looks at what is between them', async () => {
      const seen: Record<string, Promise<ArrayLike<number>>[]> = { together: [], apart: [] };
      for (const on of [fused, apart]) {
        const looking = plugin(({ hooks }) => {
          for (const point of ['up:output', 'activation:input']) {
            hooks.tap(point).forward((z) => void seen[on.name]!.push(z.data()));
          }
        });
        await results(on, looking);
        await Promise.all(seen[on.name]!);
      }
      const values = async (name: string): Promise<Values> =>
        new Map((await Promise.all(seen[name]!)).map((each, i) => [`${i}`, each]));
      expect(seen.together!.length).toBe(seen.apart!.length);
      near(await values('together'), await values('apart'));
    });
  });
}
