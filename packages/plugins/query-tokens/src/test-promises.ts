import { definePlugin, type Plugin } from '@tapgrad/core';
import { memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { losses, type TestBatch, type TestModel, trainer, valuesOf } from './test-models.ts';

/** Where a plugin is tried. */
export interface Tried {
  readonly name: string;
  plugin(): Plugin;
  model(): TestModel;
  batch(): TestBatch;
  /** Places at which a forward is made to fail. */
  readonly faults: readonly string[];
}

/** What every plugin of this family keeps: it trains, goes without a trace, and goes on where it stopped. */
export function keepsItsPromises({ name, plugin, model: make, batch: makeBatch, faults }: Tried): void {
  describe(`${plugin().declaration.name} on ${name}`, () => {
    let model: TestModel;
    let batch: TestBatch;
    let failing = false;

    beforeEach(() => {
      model = make();
      batch = makeBatch();
    });

    afterEach(() => {
      failing = false;
      model.dispose();
      batch.inputs.dispose();
      batch.targets.dispose();
    });

    const counts = () => [memory().numTensors, memory().numDataBuffers];

    it('trains, leaves the model’s frozen parameters and, taken away, no buffer', async () => {
      const before = valuesOf(model.state());
      const trainable = [...model.namedParameters().values()].map((each) => each.trainable);
      const count = counts();
      const { stack, release } = trainer(model, [plugin()]);
      const trains = [...stack.trainableParameters().keys()];
      const all = await losses(stack, batch, 8);
      expect(all.at(-1)).toBeLessThan(all[0] as number);
      release();
      const after = valuesOf(model.state());
      const frozen = <T extends readonly [string, ...number[]]>(state: T[]) =>
        state.filter(([each]) => !trains.includes(each));
      expect(frozen(after)).toEqual(frozen(before));
      expect([...model.namedParameters().values()].map((each) => each.trainable)).toEqual(trainable);
      expect(counts()).toEqual(count);
    });

    it('is, disabled, as if it were absent', async () => {
      const run = async (plugins: Plugin[]) => {
        const own = make();
        const { stack, release } = trainer(own, plugins);
        for (const each of plugins) stack.setEnabled(each.declaration.name, false);
        const all: unknown[] = [await losses(stack, batch, 2), valuesOf(own.state())];
        release();
        own.dispose();
        return all;
      };
      expect(await run([plugin()])).toEqual(await run([]));
    });

    it('goes on from its state as if it had never stopped', async () => {
      const first = trainer(model, [plugin()]);
      await losses(first.stack, batch, 2);
      const { tensors, json } = first.stack.state();
      const copies = new Map([...tensors].map(([key, each]) => [key, tensor(each.dataSync(), each.shape)]));
      const told = JSON.parse(JSON.stringify(json)) as typeof json;
      const rest = await losses(first.stack, batch, 2);
      const end = valuesOf(first.stack.state().tensors);
      first.release();
      const second = trainer(model, [plugin()]);
      second.stack.loadState({ tensors: copies, json: told });
      for (const copy of copies.values()) copy.dispose();
      expect(await losses(second.stack, batch, 2)).toEqual(rest);
      expect(valuesOf(second.stack.state().tensors)).toEqual(end);
      second.release();
    });

    it('predicts and evaluates as the model in evaluation mode, whatever mode it is in', async () => {
      const { stack, release } = trainer(model, [plugin()]);
      await losses(stack, batch, 1);
      const predicted = () => {
        const made = stack.predict(batch.inputs);
        const values = Array.from(made.dataSync());
        made.dispose();
        return values;
      };
      const trained = predicted();
      model.eval();
      expect(predicted()).toEqual(trained);
      expect(Number.isFinite((await stack.evaluate([batch])).loss)).toBe(true);
      release();
    });

    it.each(faults)('leaves nothing where a forward fails at %s, and the next step goes well', async (place) => {
      const fault = definePlugin({
        name: 'fault',
        apply({ hooks }) {
          hooks.tap(place).forward<Tensor>(() => {
            if (failing) throw new Error('fault');
          });
        },
      });
      const { stack, release } = trainer(model, [plugin(), fault()]);
      await losses(stack, batch, 1);
      const count = counts();
      failing = true;
      await expect(stack.step(batch)).rejects.toThrow('fault');
      failing = false;
      expect(counts()).toEqual(count);
      await losses(stack, batch, 1);
      expect(counts()).toEqual(count);
      release();
    });
  });
}
