import { expect, it } from 'vitest';
import { transferRow } from './rows.ts';

const rows = [
  [80, 60, 40],
  [70, 85, 45],
  [65, 75, 90],
];

it('transfer is over tasks not yet learned; average is over all, last over the last row', () => {
  const { transfer, average, last } = transferRow('method', [
    { tasks: ['a', 'b', 'c'], before: [1, 2, 3], rows, stepMs: 1 },
  ]);
  expect([transfer, average, last].map((each) => each.toFixed(6))).toEqual(['51.250000', '67.777778', '76.666667']);
});
