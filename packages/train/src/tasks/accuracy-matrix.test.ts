import { describe, expect, it } from 'vitest';
import { AccuracyMatrix, type AccuracyMatrixJson } from './index.ts';

const tasks = ['first', 'second', 'third'];
const of = (rows: number[][], baseline?: number[]) =>
  new AccuracyMatrix({ tasks, rows, ...(baseline && { baseline }) });

const a = of(
  [
    [80, 60, 40],
    [70, 85, 45],
    [65, 75, 90],
  ],
  [10, 12, 8],
);
const improving = of([
  [80, 0, 0],
  [70, 85, 0],
  [90, 75, 90],
]);
const close = (value: number | undefined, expected: number) => expect(value).toBeCloseTo(expected, 6);

describe('metrics of a matrix of accuracies', () => {
  it('are those of the reference example', () => {
    close(a.averageAccuracy, 76.6666667);
    close(a.backwardTransfer, -12.5);
    close(a.forwardTransfer, 42.5);
    close(a.forgetting(), 12.5);
    close(a.forgetting({ variant: 'chaudhry' }), 12.5);
    close(a.forgetting({ variant: 'mammoth' }), 12.5);
    close(a.forgetting({ variant: 'avalanche' }), 12.5);
  });

  it('tell the variants of forgetting apart where a task got better', () => {
    close(improving.backwardTransfer, 0);
    close(improving.forgetting({ variant: 'chaudhry' }), 0);
    close(improving.forgetting({ variant: 'mammoth' }), 5);
    close(improving.forgetting({ variant: 'avalanche' }), 0);
    close(
      of([
        [50, 0, 0],
        [60, 80, 0],
        [70, 90, 90],
      ]).forgetting(),
      -10,
    );
  });

  it('Kemker’s omegas compare with what learned everything at once', () => {
    const shares = of(a.rows.map((row) => row.map((each) => each / 100)));
    const { base, new: fresh, all } = shares.kemker(0.95);
    close(base, 0.7105263);
    close(fresh, 0.875);
    close(all, 0.8114035);
  });

  it('Transfer, Avg and Last of ZSCL', () => {
    close(a.transfer, 51.25);
    close(a.average, 67.7777778);
    close(a.last, 76.6666667);
  });

  it('intransigence compares each task with joint training up to it', () => {
    expect(a.intransigence([85, 84, 93])).toEqual([5, -1, 3]);
  });

  it('are undefined where they do not exist', () => {
    const one = new AccuracyMatrix({ tasks: ['only'], rows: [[70]], baseline: [10] });
    expect(one.averageAccuracy).toBe(70);
    const absent = [one.backwardTransfer, one.forwardTransfer, one.transfer, one.minimumAccuracy([])];
    const forgettings = (['chaudhry', 'avalanche', 'mammoth'] as const).map((variant) => one.forgetting({ variant }));
    expect([...absent, ...forgettings, ...Object.values(one.kemker(1))]).toEqual(Array(10).fill(undefined));
    expect(improving.forwardTransfer).toBeUndefined();
    const none = new AccuracyMatrix({ tasks, rows: [] });
    expect([none.averageAccuracy, none.average, none.worstCaseAccuracy([])]).toEqual(Array(3).fill(undefined));
  });

  it('are over the tasks learned so far', () => {
    const first = a.first(2);
    expect(first.rows).toEqual([
      [80, 60],
      [70, 85],
    ]);
    const begun = of(a.rows.slice(0, 2) as number[][], [10, 12, 8]);
    for (const matrix of [first, begun]) {
      close(matrix.averageAccuracy, 77.5);
      close(matrix.forgetting(), 10);
      close(matrix.forwardTransfer, 48);
      close(matrix.transfer, 60);
    }
  });
});

describe('metrics of curves', () => {
  const curves = [
    { step: 5, task: 0, accuracies: [20] },
    { step: 15, task: 1, accuracies: [30, 10] },
    { step: 18, task: 1, accuracies: [75, 50] },
    { step: 25, task: 2, accuracies: [40, 60, 5] },
  ];

  it('take the lowest since a task was learned', () => {
    close(a.minimumAccuracy(curves), (30 + 60) / 2);
    close(a.worstCaseAccuracy(curves), 90 / 3 + (2 / 3) * 45);
    close(a.first(2).minimumAccuracy(curves), 30);
    close(a.first(2).worstCaseAccuracy(curves), 85 / 2 + 30 / 2);
    close(a.first(1).worstCaseAccuracy(curves), 80);
  });

  it('without curves are of the ends of tasks', () => {
    close(a.minimumAccuracy([]), (65 + 75) / 2);
  });
});

describe('a matrix', () => {
  it('is written and read', () => {
    const read = new AccuracyMatrix(JSON.parse(JSON.stringify(a)) as AccuracyMatrixJson);
    expect(read).toEqual(a);
    expect(JSON.parse(JSON.stringify(improving))).toEqual({ tasks, rows: improving.rows });
  });

  it('is a heat map with the untrained model as its first row', () => {
    expect(a.heatMap()).toEqual({
      title: 'Accuracy',
      rowsTitle: 'after task',
      columnsTitle: 'on task',
      rows: ['before', ...tasks],
      columns: tasks,
      values: [[10, 12, 8], ...a.rows],
    });
    expect(improving.heatMap().rows).toEqual(tasks);
  });

  it('is refused where it is none', () => {
    const refused = (json: unknown) =>
      expect(() => new AccuracyMatrix(json as AccuracyMatrixJson)).toThrow(
        expect.objectContaining({ code: 'MATRIX_SHAPE' }),
      );
    refused({ tasks, rows: [[1, 2]] });
    refused({ tasks: ['one'], rows: [[1], [2]] });
    refused({ tasks, rows: [[1, 2, Number.NaN]] });
    refused({ tasks, rows: [], baseline: [1] });
    refused({});
  });
});
