import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linear, record, type Tape } from '../index.ts';
import { type BlockParameters, makeBlock, normal, runBlock, valuesOf } from '../test-support.ts';

interface BlockShape {
  readonly batch: number;
  readonly tokens: number;
  readonly width: number;
  readonly heads: number;
}

interface Recorded {
  readonly tape: Tape;
  readonly output: tf.Tensor;
  /** Buffers that the forward left alive, as the engine counts them, without the output and the block's input. */
  readonly leftAlive: number;
}

/** What a block saves, counted on the current backend; the second shape fits no kernel that works on four numbers at once. */
export function blockCounts(): void {
  blockCountsOf({ batch: 2, tokens: 5, width: 8, heads: 2 });
  blockCountsOf({ batch: 3, tokens: 7, width: 15, heads: 3 });
}

function blockCountsOf({ batch, tokens, width, heads }: BlockShape): void {
  const nd = tokens * width;
  const map = heads * tokens * tokens;
  const statistics = 4 * tokens;
  let block: BlockParameters;
  let stem: tf.Variable;
  let input: tf.Tensor;
  const setUp = () => {
    block = makeBlock(width);
    [stem, input] = tf.tidy(() => [
      tf.variable(normal([width, width], 'stem')),
      tf.keep(normal([batch, tokens, width], 'input')),
    ]);
  };

  /** The block, fed by a tracked activation that is no output of a cheap op. Only the names matched train. */
  function recordBlock(trains: (name: string) => boolean, derivedSlots: boolean): Recorded {
    const parameters = Object.fromEntries(Object.entries(block).filter(([name]) => trains(name)));
    const before = tf.engine().state.numDataBuffers;
    const { value, tape } = record(() => runBlock(linear(input, stem), block, heads), {
      parameters: { ...parameters, stem },
      derivedSlots,
    });
    return { tape, output: value, leftAlive: tf.engine().state.numDataBuffers - before - 1 };
  }

  /** Elements that the block saves of one image: what the stem keeps of its own input is not the block's. */
  function elementsAnImage({ tape }: Recorded): number {
    return (tape.savedBytes / 4 - input.size) / batch;
  }

  const all = () => true;
  const biases = (name: string) => name.endsWith('.bias');

  describe(`a pre-norm transformer block with an MLP ratio of 4, width ${width}`, () => {
    beforeAll(setUp);
    afterAll(() => tf.dispose([Object.values(block), stem, input]));

    it.each([
      ['16 N d + H N^2 + 4 N with everything trained', all, false, 16 * nd + map + statistics, 15],
      ['10 N d + H N^2 + 4 N with derived slots', all, true, 10 * nd + map + statistics, 12],
      ['9 N d + H N^2 + 4 N with only biases trained', biases, false, 9 * nd + map + statistics, 11],
      ['9 N d + H N^2 + 4 N with only biases trained and derived slots', biases, true, 9 * nd + map + statistics, 11],
    ] as const)('saves %s', (_, trains, derivedSlots, elements, buffers) => {
      const recorded = recordBlock(trains, derivedSlots);
      expect(elementsAnImage(recorded)).toBe(elements);
      expect(recorded.tape.savedBuffers).toBe(buffers + 1);
      // The stem's input was there before: everything else that is alive is saved, and nothing saved is counted twice.
      expect(recorded.leftAlive).toBe(buffers);
      recorded.tape.dispose();
      recorded.output.dispose();
    });

    it('has the same gradients, bit for bit, with derived slots and without', () => {
      const gradients = [true, false].map((derivedSlots) => {
        const { tape, output } = recordBlock(all, derivedSlots);
        tf.tidy(() => tape.backward(output, { gradient: normal(output.shape, 'dy') }));
        const made = [...tape.gradients].map(([name, gradient]) => [name, valuesOf(gradient)]);
        expect(made.length).toBe(17);
        tape.dispose();
        output.dispose();
        return made;
      });
      expect(gradients[0]).toEqual(gradients[1]);
    });

    it('keeps nothing after backward but the gradients', () => {
      const before = tf.engine().state.numDataBuffers;
      const { tape, output } = recordBlock(all, true);
      tf.tidy(() => tape.backward(output, { gradient: normal(output.shape, 'dy') }));
      expect(tape.savedBytes).toBe(0);
      expect(tape.savedBuffers).toBe(0);
      output.dispose();
      expect(tf.engine().state.numDataBuffers - before).toBe(tape.gradients.size);
      tape.dispose();
      expect(tf.engine().state.numDataBuffers).toBe(before);
    });
  });
}
