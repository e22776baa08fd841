import { describe, expect, it } from 'vitest';
import { methodAbouts, methodNames } from './options.ts';
import { reportPage } from './page/html.ts';
import { duration } from './progress.ts';
import { type RunResult, summary } from './results.ts';
import { table } from './table.ts';

const run: RunResult = {
  task: 'WordNet <supersenses>',
  model: 'tiny',
  backend: 'cpu',
  classes: 45,
  trainSize: 64,
  testSize: 20,
  steps: 10,
  batch: 8,
  seed: 1,
  majorityAccuracy: 0.125,
  methods: [
    {
      name: 'head',
      trainableParameters: 1234,
      peakBytes: 3_000_000,
      peakByCategory: { parameters: 2_000_000, saved: 1_000_000 },
      savedBytes: 1_000_000,
      stepMs: 12.4,
      accuracy: 0.5,
      losses: [4, 4, 4, 4, 4, 3, 2, 2, 2, 2],
      memory: {
        categories: ['parameters', 'saved'],
        milliseconds: [0, 1],
        bytes: [
          [2e6, 2e6],
          [0, 1e6],
        ],
      },
      saved: 'runs/head.safetensors',
    },
  ],
};

describe('what a run reports', () => {
  it('is one object with the fields that scripts read', () => {
    expect(summary(run)).toEqual({
      majorityAccuracy: 0.125,
      methods: [
        {
          name: 'head',
          trainableParameters: 1234,
          peakBytes: 3_000_000,
          savedBytes: 1_000_000,
          stepMs: 12.4,
          accuracy: 0.5,
          lossFirst: 4,
          lossLast: 2.2,
        },
      ],
    });
  });

  it('is a table with the majority baseline', () => {
    expect(table(run)).toMatch(/head.*50\.0 %.*1,234.*12.*3\.0.*2\.0.*1\.0/);
    expect(table(run)).toContain('majority class: 12.5 %');
  });

  it('is a page that needs no server and in which data cannot become markup', () => {
    const page = reportPage(run);
    expect(page).toContain('uPlot');
    expect(page).not.toMatch(/(src|href)=/);
    expect(page).not.toContain('<supersenses>');
    expect(page).toContain('\\u003csupersenses>');
  });

  it('has a row, a curve and a chart for each of many methods, and says what they are', () => {
    const methods = methodNames.map((name) => ({ ...run.methods[0]!, name }));
    const page = reportPage({ ...run, methods });
    const lines = table({ ...run, methods });
    methodNames.forEach((name, index) => {
      expect(lines).toContain(` ${name} `);
      expect(page).toContain(`<h3>${name}: ${methodAbouts[name]}</h3><div id="memory-${index}">`);
    });
  });

  it('tells durations in minutes and seconds', () => {
    expect([duration(400), duration(59_000), duration(65_000)]).toEqual(['1 s', '59 s', '1 min 05 s']);
  });
});
