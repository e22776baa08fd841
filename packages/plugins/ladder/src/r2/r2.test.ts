import { detach, randomStream, type Stack } from '@tapgrad/core';
import {
  add,
  concat,
  dispose,
  memory,
  mul,
  ones,
  scalar,
  slice,
  type Tensor,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { randomTensor } from '../test-models.ts';
import { QueryPool, R2Block } from './block.ts';
import type { TowerFeatures } from './features.ts';
import { MomentHeads } from './heads.ts';
import { r2Options } from './options.ts';
import type { R2Output } from './terms.ts';
import { momentsOf } from './terms.ts';
import { courseOf, onTowers, small } from './test-towers.ts';
import { cacheTowers } from './towers.ts';

/** Features of 2 samples, 3 clips, 4 patches, 3 words. */
function features(layers = 2): TowerFeatures {
  return {
    video: Array.from({ length: layers }, (_, i) => randomTensor([2, 3, 4, 8], i + 1)),
    query: Array.from({ length: layers }, (_, i) => randomTensor([2, 3, 6], i + 11)),
  };
}

function set(stack: Stack<R2Output>, pattern: RegExp, value: number): void {
  for (const [name, parameter] of stack.trainableParameters()) {
    if (pattern.test(name)) tidy(() => parameter.assign(scalar(value)));
  }
}

const stateOf = (stack: Stack<R2Output>, given: TowerFeatures) =>
  tidy(() => Array.from(stack.predict(given).state.dataSync()));

/** The same features, those of one layer of video changed where `where` is 1. */
function changed(given: TowerFeatures, layer: number, where: () => Tensor): TowerFeatures {
  return { ...given, video: given.video.map((each, i) => (i === layer ? add(each, where()) : each)) };
}

describe('R2', () => {
  it('does not see patches at the start, only class tokens, and its scales have a gradient', () => {
    onTowers({}, ({ stack, batch }) => {
      tidy(() => {
        const given = features();
        const patches = () => concat([zeros([2, 3, 1, 8]), ones([2, 3, 3, 8])], 2);
        const before = stateOf(stack, given);
        expect(stateOf(stack, changed(given, 1, patches))).toEqual(before);
        expect(
          stateOf(
            stack,
            changed(given, 1, () => randomTensor([2, 3, 4, 8], 7)),
          ),
        ).not.toEqual(before);
      });
      const { gradients, dispose: free } = stack.gradientsOf(batch);
      for (const layer of [0, 1]) expect(gradients.get(`r2/block.scales.${layer}`)?.dataSync()[0]).not.toBe(0);
      free();
    });
  });

  it('with open gates follows the earliest layer alone', () => {
    onTowers({}, ({ stack }) => {
      set(stack, /gates/, 1e4);
      tidy(() => {
        const given = features();
        const before = stateOf(stack, given);
        expect(
          stateOf(
            stack,
            changed(given, 1, () => randomTensor([2, 3, 4, 8], 7)),
          ),
        ).toEqual(before);
        expect(
          stateOf(
            stack,
            changed(given, 0, () => randomTensor([2, 3, 4, 8], 7)),
          ),
        ).not.toEqual(before);
      });
    });
  });

  it('with closed gates sees video of the last layer alone, and words of all', () => {
    onTowers({}, ({ stack }) => {
      set(stack, /gates/, -1e4);
      tidy(() => {
        const given = features();
        const before = stateOf(stack, given);
        expect(
          stateOf(
            stack,
            changed(given, 0, () => randomTensor([2, 3, 4, 8], 7)),
          ),
        ).toEqual(before);
        expect(
          stateOf(
            stack,
            changed(given, 1, () => randomTensor([2, 3, 4, 8], 7)),
          ),
        ).not.toEqual(before);
        const words = { ...given, query: [mul(given.query[0] as Tensor, 2), given.query[1] as Tensor] };
        const other = { ...given, query: [randomTensor([2, 3, 6], 99), given.query[1] as Tensor] };
        expect(stateOf(stack, words)).not.toEqual(stateOf(stack, other));
      });
    });
  });

  it('of one layer has no gate', () => {
    onTowers({ layers: 1 }, ({ stack }) => {
      expect([...stack.trainableParameters().keys()].filter((name) => name.includes('gates'))).toEqual([]);
      tidy(() => {
        expect(stack.predict(features(1)).state.shape).toEqual([2, 3, 8]);
      });
    });
  });

  it('has gradients of its shared maps that are the sums over all steps', () => {
    onTowers({ layers: 3 }, ({ stack, batch }) => {
      const name = 'r2/block.video.linear1.weight';
      const gradientOfCall = (wanted: number | undefined) => {
        let call = 0;
        const untap = stack.hooks.taps.add({
          plugin: 'test',
          rank: 9,
          pattern: 'r2/block.video.linear1:weight',
          forward: (value) => (wanted === undefined || call++ === wanted ? undefined : detach(value as Tensor)),
        });
        const { gradients, dispose: free } = stack.gradientsOf(batch);
        const values = Array.from(gradients.get(name)?.dataSync() ?? []);
        free();
        untap();
        return values;
      };
      const calls = [0, 1, 2].map(gradientOfCall);
      for (const [i, value] of gradientOfCall(undefined).entries()) {
        expect(calls.reduce((sum, each) => sum + (each[i] as number), 0)).toBeCloseTo(value, 10);
      }
      expect(calls.every((each) => each.some((value) => value !== 0))).toBe(true);
    });
  });

  it('sees no padding among the words, but in the published code’s variant', () => {
    const apart = (variant: 'paper' | 'reference-code') =>
      onTowers({ variant }, ({ stack }) => {
        set(stack, /scales/, 1);
        return tidy(() => {
          const given = { ...features(), words: concat([ones([2, 2]), zeros([2, 1])], 1) };
          const padding = concat([zeros([2, 2, 6]), mul(ones([2, 1, 6]), 5)], 1);
          const noise = randomTensor([2, 3, 6], 5);
          const other = { ...given, query: given.query.map((each) => add(each, mul(padding, noise))) };
          const [a, b] = [stateOf(stack, given), stateOf(stack, other)];
          return Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
        });
      });
    expect(apart('paper')).toBe(0);
    expect(apart('reference-code')).toBeGreaterThan(1e-3);
  });

  it('has as many parameters as published: 1.65 M the block, 2.84 M in all', () => {
    const options = v.parse(r2Options, {});
    const random = randomStream(1);
    const block = new R2Block({ video: 768, query: 512 }, options, random).parameterCount();
    const heads = new MomentHeads(256, options.strides, random).parameterCount();
    expect((block / 1e6).toFixed(2)).toBe('1.65');
    expect(((block + heads + new QueryPool(256, random).parameterCount()) / 1e6).toFixed(2)).toBe('2.84');
  });
});

describe('cached features', () => {
  it('give the same output, loss and gradients as the towers, bit for bit', () => {
    onTowers({ dropout: 0.3, dropPath: 0.1 }, ({ stack, model, batch }) => {
      stack.detach();
      const cached = cacheTowers(model, small, ...batch.inputs);
      onTowers({ dropout: 0.3, dropPath: 0.1 }, ({ stack: live }) => {
        tidy(() => {
          const [a, b] = [live.predict(...batch.inputs), live.predict(cached)];
          expect(b.logits.dataSync()).toEqual(a.logits.dataSync());
          expect(b.boundaries.dataSync()).toEqual(a.boundaries.dataSync());
        });
      });
      const trained = (inputs: Tensor[] | [TowerFeatures]) =>
        onTowers({}, ({ stack: other }) => {
          const { terms, gradients, dispose: free } = other.gradientsOf({ ...batch, inputs });
          const all = [...Object.entries(terms), ...gradients].map(([name, each]) => [name, ...each.dataSync()]);
          free();
          return all;
        });
      expect(trained([cached])).toEqual(trained(batch.inputs));
      dispose(cached as never);
    });
  });

  it('train as the towers do, dropout included, bit for bit', async () => {
    expect(await courseOf('cache')).toEqual(await courseOf('towers'));
  });

  it('leave nothing behind, and the towers do not run', () => {
    onTowers({}, ({ stack, model, batch }) => {
      stack.detach();
      const before = memory().numTensors;
      const cached = cacheTowers(model, small, ...batch.inputs);
      // Two layers of both, and which words are real.
      expect(memory().numTensors).toBe(before + 5);
      dispose(cached as never);
    });
    onTowers({}, ({ stack }) => {
      const seen: string[] = [];
      stack.hooks.taps.add({
        plugin: 'test',
        rank: 9,
        pattern: 'video:input',
        forward: () => {
          seen.push('video');
        },
      });
      tidy(() => void stack.predict(features()));
      expect(seen).toEqual([]);
    });
  });
});

it('moments are begin, end and probability of each point', () => {
  onTowers({}, ({ stack, batch }) => {
    tidy(() => {
      const output = stack.predict(...batch.inputs);
      const moments = momentsOf(output);
      expect(moments.shape).toEqual([3, 5 + 3 + 2 + 1, 3]);
      const [begin, end, probability] = slice(moments, [0, 6, 0], [1, 1, 3]).dataSync();
      const [behind, ahead] = slice(output.boundaries, [0, 6, 0], [1, 1, 2]).dataSync();
      expect([begin, end]).toEqual([2 - 2 * (behind as number), 2 + 2 * (ahead as number)]);
      expect(probability).toBeGreaterThan(0);
    });
  });
});
