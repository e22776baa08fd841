import { describe, expect, it } from 'vitest';
import {
  constant,
  cosine,
  linear,
  oneCycle,
  polynomial,
  product,
  type Schedule,
  sequence,
  stepped,
  warmup,
} from './index.ts';

const curve = (schedule: Schedule, steps: number) =>
  Array.from({ length: steps }, (_, step) => schedule({ step, steps }));

function expectCurve(schedule: Schedule, steps: number, expected: readonly number[]): void {
  for (const [step, value] of curve(schedule, steps).entries()) expect(value).toBeCloseTo(expected[step] as number, 12);
}

describe('schedules', () => {
  it('constant, linear, polynomial and cosine decay go from 1 to their end', () => {
    expectCurve(constant(0.5), 2, [0.5, 0.5]);
    expectCurve(linear(), 4, [1, 0.75, 0.5, 0.25]);
    expectCurve(linear({ to: 0.5, steps: 2 }), 4, [1, 0.75, 0.5, 0.5]);
    expectCurve(polynomial({ power: 2 }), 4, [1, 0.5625, 0.25, 0.0625]);
    expectCurve(cosine(), 4, [1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2]);
    expectCurve(cosine({ to: 0.1 }), 2, [1, 0.55]);
  });

  it('steps multiply at their milestones', () => {
    expectCurve(stepped({ every: 2, factor: 0.1 }), 5, [1, 1, 0.1, 0.1, 0.01]);
    expectCurve(stepped({ every: [1, 3], factor: 0.5 }), 4, [1, 0.5, 0.5, 0.25]);
  });

  it('a warm-up rises in a line, and what follows counts from its own beginning to the end of the run', () => {
    expectCurve(warmup(4), 6, [0.25, 0.5, 0.75, 1, 1, 1]);
    expectCurve(warmup(2, linear(), { from: 0.5 }), 6, [0.75, 1, 1, 0.75, 0.5, 0.25]);
  });

  it('a warm-up and half a cosine are the schedule that CLIP is fine-tuned with for a task of ZSCL', () => {
    // Base rate 1e-5, 100 steps of warm-up, 1000 in all.
    const schedule = warmup(100, cosine());
    const rates = [0, 99, 100, 550, 1000].map((step) => 1e-5 * schedule({ step, steps: 1000 }));
    for (const [i, expected] of [1e-7, 1e-5, 1e-5, 5e-6, 0].entries()) expect(rates[i]).toBeCloseTo(expected, 18);
  });

  it('schedules follow one another and multiply', () => {
    expectCurve(sequence([2, constant(0.5)], [2, linear()], constant(0.1)), 5, [0.5, 0.5, 1, 0.5, 0.1]);
    expectCurve(product(constant(2), linear()), 2, [2, 1]);
  });

  it("one cycle has PyTorch's values", () => {
    // torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=10): the peak is at step 0.3 * 10 - 1.
    const cycle = curve(oneCycle(), 10);
    expect(cycle[0]).toBeCloseTo(1 / 25, 12);
    expect(cycle[1]).toBeCloseTo((1 + 1 / 25) / 2, 12);
    expect(cycle[2]).toBeCloseTo(1, 12);
    expect(cycle[9]).toBeCloseTo(1 / 25e4, 12);
    expect(cycle[3]).toBeCloseTo(1 / 25e4 + ((1 - 1 / 25e4) * (1 + Math.cos(Math.PI / 7))) / 2, 12);
  });

  it('a schedule that needs the length of the run says so when nobody knows it', () => {
    expect(() => cosine()({ step: 0, steps: undefined })).toThrow(expect.objectContaining({ code: 'SCHEDULE_LENGTH' }));
    expect(() => warmup(2, linear())({ step: 5, steps: undefined })).toThrow(
      expect.objectContaining({ code: 'SCHEDULE_LENGTH' }),
    );
    expect(cosine({ steps: 4 })({ step: 2, steps: undefined })).toBeCloseTo(0.5, 12);
  });
});
