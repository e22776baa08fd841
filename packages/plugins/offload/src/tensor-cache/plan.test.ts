import { Tape } from '@tapgrad/core';
import { describe, expect, it } from 'vitest';
import type { Departure } from './forward-record.ts';
import { OffloadPlan } from './plan.ts';
import { policyOf } from './policy.ts';

const paths = ['a', 'b', 'c', 'd'];
const policy = policyOf({ keep: [], recompute: [] }, paths);

/**
 * One forward of 4 s in which each module saves 100 bytes; they come one after the other to where they stay, in `transfer` seconds each, beside
 * the forward and behind it.
 */
function forward(plan: OffloadPlan, clock: { now: number }, transfer: number): string[] {
  const tape = new Tape();
  const began = clock.now;
  const left = paths.filter((path) => {
    const leaves = plan.leaves(path, tape);
    if (leaves) {
      const departure = plan.record.leaves(path, 100);
      departure.copied();
      departures.push(departure);
    }
    clock.now += 1000;
    return leaves;
  });
  plan.record.modelEnded();
  plan.leaves('', tape);
  clock.now = began + 1000 * transfer * left.length;
  for (const each of departures.splice(0)) each.left();
  tape.dispose();
  return left;
}
const departures: Departure[] = [];

function course(transfer: number, options: Partial<ConstructorParameters<typeof OffloadPlan>[1]>): string[][] {
  const clock = { now: 0 };
  const plan = new OffloadPlan(policy, { plan: 'adaptive', profile: 2, keepLast: false, ...options }, () => clock.now);
  return Array.from({ length: 4 }, () => forward(plan, clock, transfer));
}

describe('the adaptive plan', () => {
  it('offloads everything while it looks, and then what has the time to come and go', () => {
    // 100 bytes a second: 200 / 12, 300 / 10, 400 / 8 and 500 / 6 are no more.
    expect(course(1, {})).toEqual([paths, paths, paths, paths]);
    // 40: 400 / 8 is more.
    expect(course(2.5, {})).toEqual([paths, paths, ['a', 'b'], ['a', 'b']]);
    // 10: not even the first has the time.
    expect(course(10, {})).toEqual([paths, paths, [], []]);
  });

  it('keeps the module that backward needs first in any case', () => {
    expect(course(1, { keepLast: true })).toEqual([paths, ['a', 'b', 'c'], ['a', 'b', 'c'], ['a', 'b', 'c']]);
  });

  it('changes nothing where it is fixed', () => {
    expect(course(10, { plan: 'fixed' })).toEqual([paths, paths, paths, paths]);
    expect(course(10, { plan: 'fixed', keepLast: true })[1]).toEqual(['a', 'b', 'c']);
  });
});
