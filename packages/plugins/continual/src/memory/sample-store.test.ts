import { randomStream } from '@tapgrad/core';
import { expect, it } from 'vitest';
import { SampleStore } from './sample-store.ts';

it('places of each class are those of its samples, whatever came, was replaced and left', () => {
  const store = new SampleStore(0);
  const random = randomStream(1, 'places');
  const expected = () => {
    const places = new Map<number, number[]>();
    for (const [place, { label }] of store.samples.entries()) {
      if (label !== undefined) places.set(label, [...(places.get(label) ?? []), place]);
    }
    return places;
  };
  for (let order = 0; order < 300; order++) {
    const size = store.samples.length;
    const label = order % 7 === 0 ? undefined : random.integer(4);
    if (size > 0 && random.integer(4) === 0) store.remove(random.integer(size));
    else
      store.put(random.integer(2) === 0 ? size : random.integer(size + 1), {
        order,
        leaves: new Map(),
        ...(label !== undefined && { label }),
      });
    if (order % 50 === 49) store.keepOnly((sample) => sample.order % 3 > 0);
    expect(store.placesByClass).toEqual(expected());
  }
  expect(store.samples.length).toBeGreaterThan(10);
  store.clear();
  expect(store.placesByClass.size).toBe(0);
});
