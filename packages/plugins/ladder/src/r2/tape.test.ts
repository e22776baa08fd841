import { attach, definePlugin, disposeBatch, type SaveRequest } from '@tapgrad/core';
import { tinyTwoTowers } from '@tapgrad/testing/builtin';
import { adamw } from '@tapgrad/train';
import { describe, expect, it } from 'vitest';
import { r2 } from './index.ts';
import { onTowers, small } from './test-towers.ts';

describe('what R2 leaves on the tape', () => {
  it('is no op of either tower, and of their width only what the two maps’ norms read', () => {
    const [nodes, saved]: [string[], SaveRequest[]] = [[], []];
    const spy = definePlugin({
      name: 'spy',
      apply({ hooks }) {
        hooks.save.tap((slot, request) => {
          saved.push(request);
          return slot;
        });
        hooks.loss.tap((_, { tape }) => {
          for (const node of tape?.nodes ?? []) if (node) nodes.push(node.modulePath);
        });
      },
    });
    const [model, batch] = [tinyTwoTowers.model(), tinyTwoTowers.batch(0)];
    const stack = attach(model, [r2({ ...small, strides: [1, 2] }), spy()], {
      loss: tinyTwoTowers.loss,
      derivedSlots: false,
    });
    stack.gradientsOf(batch).dispose();
    stack.detach();
    expect(nodes.length).toBeGreaterThan(50);
    expect(nodes.filter((path) => !/^(r2\/|$)/.test(path))).toEqual([]);
    const [samples, clips, patches, words] = [3, 5, 5, 4];
    const inputs = saved.filter(({ modulePath }) => /^r2\/block\.(video|query)\.norm1$/.test(modulePath));
    const shapes = inputs.map(({ shape }) => shape.join()).filter((shape) => /,(10|6)$/.test(shape));
    // Width 8 and two for the clip's ends; width 6: one of each a layer.
    expect(shapes.filter((shape) => shape === `${samples},${clips},${patches},10`).length).toBe(2);
    expect(shapes.filter((shape) => shape === `${samples},${words},6`).length).toBe(2);
    model.dispose();
    disposeBatch(batch);
  });
});

it('R2 adds five loss terms, those of weight 0 left out, and trains: the loss falls, the towers stay', async () => {
  onTowers({ weights: { layerContrast: 0 } }, ({ stack, batch }) => {
    const { terms, dispose: free } = stack.gradientsOf(batch);
    expect(Object.keys(terms)).toEqual(['task', 'r2.focal', 'r2.boundary', 'r2.saliency', 'r2.videoContrast']);
    free();
  });
  const [model, batch, optimizer] = [tinyTwoTowers.model(), tinyTwoTowers.batch(0), adamw({ learningRate: 1e-2 })];
  const towers = () => [...model.state()].map(([name, each]) => [name, ...each.dataSync()]);
  const before = towers();
  const stack = attach(model, [r2({ ...small, strides: [1, 2] })], { loss: tinyTwoTowers.loss, optimizer });
  const first = await (await stack.step(batch)).loss;
  for (let i = 0; i < 15; i++) await (await stack.step(batch)).loss;
  expect(await (await stack.step(batch)).loss).toBeLessThan(0.8 * first);
  expect((await stack.evaluate([batch])).loss).toBeLessThan(0.8 * first);
  stack.detach();
  optimizer.dispose();
  expect(towers()).toEqual(before);
  model.dispose();
  disposeBatch(batch);
});
