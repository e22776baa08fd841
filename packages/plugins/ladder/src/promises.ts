import { attach, type Batch, type Module, type Plugin, type Stack } from '@tapgrad/core';
import { adamw } from '@tapgrad/train';
import { memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

/** What a plugin of this package is tried on. All functions make the same each time. */
export interface Trial {
  readonly plugin: () => Plugin;
  readonly model: () => Module<never, Tensor>;
  readonly batch: () => Batch;
  readonly loss: (outputs: Tensor, batch: Batch) => Tensor;
  readonly learningRate?: number;
}

const values = (tensors: ReadonlyMap<string, Tensor>) =>
  [...tensors].map(([name, each]) => [name, ...each.dataSync()] as const);

/** What every method of this package promises of a run. For this package's tests. */
export function describePromises(title: string, trial: Trial): void {
  const { plugin, loss, learningRate = 1e-2 } = trial;
  const { name } = plugin().declaration;

  /** Runs `f` with a fresh stack, and takes everything away again; `f` may detach the stack by itself. */
  async function within<T>(
    plugins: Plugin[],
    f: (stack: Stack<Tensor>, batch: Batch, release: () => void) => Promise<T>,
  ) {
    const [model, batch] = [trial.model(), trial.batch()];
    const optimizer = adamw({ learningRate });
    const stack = attach(model, plugins, { loss, optimizer });
    const release = () => {
      stack.detach();
      optimizer.dispose();
    };
    try {
      return await f(stack, batch, release);
    } finally {
      release();
      model.dispose();
      for (const each of [batch.inputs, batch.targets].flat() as Tensor[]) if (!each.isDisposed) each.dispose();
    }
  }
  const steps = async (stack: Stack<Tensor>, batch: Batch, count: number) => {
    const losses: number[] = [];
    for (let i = 0; i < count; i++) losses.push(await (await stack.step(batch)).loss);
    return losses;
  };

  describe(title, () => {
    it('trains: the loss falls, the backbone stays bit for bit, detaching leaves no buffer', async () => {
      await within([plugin()], async (stack, batch, release) => {
        const before = values(stack.model.state());
        release();
        const count = memory();
        const optimizer = adamw({ learningRate });
        const again = attach(stack.model as Module<never, Tensor>, [plugin()], { loss, optimizer });
        const [first, ...rest] = await steps(again, batch, 12);
        expect(rest.at(-1)).toBeLessThan(first as number);
        const predicted = again.predict(...([batch.inputs].flat() as unknown[]));
        for (const each of Object.values(predicted.shape ? [predicted] : (predicted as object))) each.dispose();
        expect((await again.evaluate([batch])).loss).toBeGreaterThan(-Infinity);
        again.detach();
        optimizer.dispose();
        expect(values(stack.model.state())).toEqual(before);
        expect([memory().numTensors, memory().numDataBuffers]).toEqual([count.numTensors, count.numDataBuffers]);
      });
    });

    it('trains the model as if it were absent when disabled', async () => {
      const run = (plugins: Plugin[]) =>
        within(plugins, async (stack, batch) => {
          if (plugins.length > 0) stack.setEnabled(name, false);
          return [await steps(stack, batch, 2), values(stack.model.state())];
        });
      expect(await run([plugin()])).toEqual(await run([]));
    });

    it('goes on from its state as if it had never stopped', async () => {
      const copies = new Map<string, Tensor>();
      const [told, rest, end] = await within([plugin()], async (stack, batch) => {
        await steps(stack, batch, 2);
        const { tensors, json } = stack.state();
        for (const [key, each] of tensors) copies.set(key, tensor(each.dataSync(), each.shape));
        const said = JSON.parse(JSON.stringify(json)) as typeof json;
        return [said, await steps(stack, batch, 2), values(stack.state('plugins').tensors)] as const;
      });
      await within([plugin()], async (stack, batch) => {
        stack.loadState({ tensors: copies, json: told });
        for (const copy of copies.values()) copy.dispose();
        expect(await steps(stack, batch, 2)).toEqual(rest);
        expect(values(stack.state('plugins').tensors)).toEqual(end);
      });
    });
  });
}
