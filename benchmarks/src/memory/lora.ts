import { definePlugin, Module, pathMatcher, type RandomStream } from '@tapgrad/core';
import { initializers, Linear } from '@tapgrad/nn';
import { add, mul, type Tensor } from '@tensorflow/tfjs-core';

interface LoraOptions {
  /** Pattern of the paths of the linear layers beside which a low-rank product runs. */
  readonly at: string;
  /** r. */
  readonly rank: number;
  /** α: the product is scaled by α / r. */
  readonly alpha: number;
  /** Pattern of the model's own parameters that train as well. */
  readonly trains: string;
}

/** Δy = (α / r) x A B, with A Kaiming-uniform and B = 0 (Hu et al. 2021, arXiv:2106.09685). */
class LowRank extends Module {
  readonly down: Linear;
  readonly up: Linear;

  constructor(
    from: number,
    to: number,
    rank: number,
    private readonly scale: number,
    random: RandomStream,
  ) {
    super();
    this.down = new Linear(from, rank, { bias: false, random });
    this.up = new Linear(rank, to, { bias: false, random, initializer: initializers.zeros });
  }

  override forward(x: Tensor): Tensor {
    return mul(this.up.call(this.down.call(x)), this.scale);
  }
}

/** Low-rank adaptation beside frozen linear layers: the tuning that the ladder's paper compares its memory with. */
export const lora = definePlugin<LoraOptions, LoraOptions>({
  name: 'lora',
  options: {
    '~standard': { version: 1, vendor: 'tapgrad-benchmarks', validate: (value) => ({ value: value as LoraOptions }) },
  },
  apply({ name, model, options, hooks, addModule, filterTrainable, random }) {
    const { at, rank, alpha, trains } = options;
    const [adapted, trained] = [pathMatcher(at), pathMatcher(trains)];
    filterTrainable((parameter) => (parameter.startsWith(`${name}/`) || trained(parameter) ? undefined : false));
    for (const [path, layer] of model.namedModules()) {
      const linear: unknown = layer;
      if (!(linear instanceof Linear) || !adapted(path)) continue;
      const [from, to] = linear.weight.shape as [number, number];
      const beside = addModule(path, new LowRank(from, to, rank, alpha / rank, random(path)));
      let change: Tensor | undefined;
      hooks.tap(`${path}:input`).forward((x) => {
        change = beside.call(x);
      });
      hooks.tap(`${path}:output`).forward((y) => change && add(y, change));
    }
  },
});
