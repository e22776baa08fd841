import { describe, expect, it } from 'vitest';
import { madeUpRun } from '../test-run.ts';
import { curvesOf } from './curves.ts';
import { reportPage } from './html.ts';

const run = madeUpRun();

describe('the report page', () => {
  it('needs no server and no network, and data cannot become markup in it', () => {
    const page = reportPage(run);
    expect(page).not.toMatch(/(src|href)=/);
    expect(page).not.toContain('<supersenses>');
    expect(page).toContain('&#60;supersenses&#62;');
    expect(page).toContain('npm run continual -- --method er+ewc --tasks 3');
  });

  it('shows the matrix, tasks not yet learnt hatched, and the mean over those seen', () => {
    const page = reportPage(run);
    expect(page.match(/class="future"/g)).toHaveLength(3 + 3);
    expect(page).toContain('<td class="high" style="--share:0.950">95.0</td>');
    expect(page).toContain('<td class="mean">89.0</td>');
    expect(page).toContain('noun.communication2');
  });

  it('shows metrics; one that does not exist is a dash', () => {
    const page = reportPage(run);
    expect(page).toContain('<dt>average accuracy</dt><dd class="value">83.0 %</dd>');
    expect(page).toContain('<dt>forward transfer</dt><dd class="value">–</dd>');
  });

  it('shows memory by category with the bytes of the replay memory', () => {
    const page = reportPage(run);
    expect(page).toContain('title="parameters: 7.0 MB"');
    expect(page).toContain('<td>0.13</td><td>500</td>');
  });

  it('of a run that was stopped says what is missing', () => {
    const stopped = { ...run, finished: false, matrix: run.matrix.slice(0, 1) };
    expect(reportPage(stopped)).toContain('120 of 120 steps are made, 1 of 3 tasks learnt');
    expect(reportPage({ ...stopped, matrix: [], log: [], baseline: [] })).toContain('No task is finished yet');
  });
});

describe('the curves', () => {
  it('of a task begin where it is learnt, and ends of tasks are marked', () => {
    const { accuracy, loss, ends } = curvesOf(run);
    expect(accuracy.steps).toHaveLength(12);
    expect(accuracy.tasks[1]?.slice(0, 5)).toEqual([null, null, null, null, expect.any(Number)]);
    expect(ends).toEqual([40, 80, 120]);
    expect(loss.total).toHaveLength(120);
    expect(loss.terms.ewc?.[0]).toBeNull();
    expect(loss.terms.ewc?.[50]).toBeGreaterThan(0);
  });

  it('of a long run are thinned out', () => {
    const { loss } = curvesOf(madeUpRun(3, 3000));
    expect(loss.total.length).toBeLessThanOrEqual(2000);
    expect(loss.steps.at(-1)).toBe(9000);
  });
});
