import { definePlugin, type Plugin } from '@tapgrad/core';
import { type DataType, memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { momentumAuxiliary, syntheticGradients } from '../index.ts';
import { attached, differentiated, disposeBatch, imageBatch, tinyResNet } from '../test-models.ts';

interface Packed {
  readonly values: number[];
  readonly shape: number[];
  readonly dtype: DataType;
}

/** Packs every saved value into halves, and counts what is packed and not yet unpacked for the last time. */
function halves(log: { held: number; most: number; packed: number }): Plugin {
  return definePlugin({
    name: 'halves',
    apply({ hooks }) {
      hooks.save.tap((slot) =>
        slot.through<Packed>({
          pack(x: Tensor) {
            log.held++;
            log.packed++;
            log.most = Math.max(log.most, log.held);
            return { values: Array.from(x.dataSync(), (value) => value / 2), shape: x.shape, dtype: x.dtype };
          },
          unpack: ({ values, shape, dtype }) =>
            tensor(
              values.map((value) => value * 2),
              shape,
              dtype,
            ),
          discard: () => void log.held--,
        }),
      );
    },
  })();
}

describe('saved values that another plugin packs', () => {
  it.each<[string, (parts: number) => Plugin]>([
    ['MAN', (parts) => momentumAuxiliary({ parts, reconstruction: 1 })],
    ['synthetic gradients', (parts) => syntheticGradients({ parts, hidden: 4 })],
  ])('are unpacked in the local backward of %s, and gone before the next part runs', (_, plugin) => {
    const batch = imageBatch();
    const most = [2, 4].map((parts) => {
      const model = tinyResNet([4]);
      const plain = attached(model, plugin(parts));
      const expected = differentiated(plain, batch);
      plain.detach();
      const log = { held: 0, most: 0, packed: 0 };
      const stack = attached(model, plugin(parts), halves(log));
      stack.state();
      const before = memory().numTensors;
      // Half of a number and its double are exact: the same gradients.
      expect(differentiated(stack, batch)).toEqual(expected);
      expect(memory().numTensors).toBe(before);
      expect(log.held).toBe(0);
      expect(log.most).toBeLessThan(log.packed);
      stack.detach();
      model.dispose();
      return log.most;
    }) as [number, number];
    expect(most[1]).toBeLessThan(most[0]);
    disposeBatch(batch);
  });
});
