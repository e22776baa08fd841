import { add, memory, scalar, type Tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { scoped } from './engine-seam.ts';
import { rememberScope } from './remembered-scope.ts';

it('what is made in a remembered scope lives as long as that, and not longer', () => {
  const before = memory().numTensors;
  let kept: Tensor | undefined;
  scoped(() => {
    const outside = rememberScope();
    scoped(() => {
      const inner = scalar(1);
      kept = outside.run(() => scoped(() => add(inner, 1)));
    });
    expect(kept?.dataSync()[0]).toBe(2);
    expect(memory().numTensors).toBe(before + 1);
  });
  expect(memory().numTensors).toBe(before);
});

it('an error in or around a remembered scope leaves nothing', () => {
  const before = memory().numTensors;
  const run = () =>
    scoped(() => {
      const outside = rememberScope();
      scoped(() => {
        outside.run(() => scalar(1));
        outside.run(() => {
          scalar(2);
          throw new Error('within');
        });
      });
    });
  expect(run).toThrow('within');
  expect(memory().numTensors).toBe(before);
});

it('a remembered scope says when it has ended', () => {
  const outside = scoped(() => {
    const remembered = rememberScope();
    expect(scoped(() => remembered.open)).toBe(true);
    return remembered;
  });
  expect(outside.open).toBe(false);
  scoped(() => {
    expect(outside.open).toBe(false);
  });
});
