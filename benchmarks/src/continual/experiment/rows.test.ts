import { describe, expect, it } from 'vitest';
import { type Row, type RunResult, rounded, spread, withRow } from './rows.ts';

function run(averageAccuracy: number, more: Partial<RunResult> = {}): RunResult {
  return {
    matrix: [[averageAccuracy]],
    averageAccuracy,
    learningAccuracy: averageAccuracy,
    steps: 1,
    stepMs: 1,
    peakBytes: 1,
    command: 'npm run bench',
    machine: { cpu: 'a', cores: 1, platform: 'b', node: 'c' },
    ...more,
  };
}

function row(method: string, runs: Row['runs'], settings = 'rate 0.1'): Row {
  return { method, model: 'mlp', scenario: 'class', settings, runs };
}

describe('a row added to earlier ones', () => {
  const earlier = [row('er', { 1: run(0.5), 2: run(0.6) }), row('der', { 1: run(0.7) })];

  it('comes last where it is new', () => {
    expect(withRow(earlier, row('ewc', { 1: run(0.2) })).map(({ method }) => method)).toEqual(['er', 'der', 'ewc']);
  });

  it('is another one in another scenario or of another model', () => {
    expect(withRow(earlier, { ...row('er', { 1: run(0.9) }), scenario: 'task' })).toHaveLength(3);
    expect(withRow(earlier, { ...row('er', { 1: run(0.9) }), model: 'resnet' })).toHaveLength(3);
  });

  it('keeps runs of other seeds and its place, and replaces those of the same seed', () => {
    const [er, der] = withRow(earlier, row('er', { 2: run(0.8), 3: run(0.9) }));
    expect(Object.entries(er!.runs).map(([seed, each]) => [seed, each.averageAccuracy])).toEqual([
      ['1', 0.5],
      ['2', 0.8],
      ['3', 0.9],
    ]);
    expect(der).toEqual(earlier[1]);
  });

  it('drops what was measured with other settings', () => {
    const before = [{ ...row('er', { 1: run(0.5) }), validation: { a: 0.4 } }];
    const [er] = withRow(before, row('er', { 2: run(0.8) }, 'rate 0.2'));
    expect(Object.keys(er!.runs)).toEqual(['2']);
    expect(er).not.toHaveProperty('validation');
    expect(withRow(before, row('er', { 2: run(0.8) }))[0]).toMatchObject({ validation: { a: 0.4 } });
  });
});

describe('the spread over seeds', () => {
  it('is mean and sample deviation', () => {
    const { mean, deviation } = spread(row('er', { 1: run(0.5), 2: run(0.7) }), (each) => each.averageAccuracy)!;
    expect(mean).toBeCloseTo(0.6, 12);
    expect(deviation).toBeCloseTo(Math.SQRT2 / 10, 12);
    expect(spread(row('er', { 1: run(0.5) }), (each) => each.averageAccuracy)).toEqual({
      mean: 0.5,
      deviation: undefined,
    });
  });

  it('does not exist where a run has no such figure', () => {
    expect(
      spread(row('er', { 1: run(0.5, { forgetting: 0.1 }), 2: run(0.7) }), (each) => each.forgetting),
    ).toBeUndefined();
    expect(spread(row('er', {}), (each) => each.averageAccuracy)).toBeUndefined();
  });
});

it('accuracies are kept to four decimals', () => {
  expect(rounded(0.123456)).toBe(0.1235);
  expect(rounded(-0.1)).toBe(-0.1);
});
