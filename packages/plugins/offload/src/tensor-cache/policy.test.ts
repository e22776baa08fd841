import { describe, expect, it } from 'vitest';
import { policyOf } from './policy.ts';

const paths = [
  '',
  'stem',
  'layers.0',
  'layers.0.mlp',
  'layers.0.mlp.up',
  'layers.1',
  'layers.1.mlp',
  'head',
  'ladder/side.0',
];
const of = (globs: Partial<Parameters<typeof policyOf>[0]>) => policyOf({ keep: [], recompute: [], ...globs }, paths);

describe('policy', () => {
  it('offloads what no glob names, unless something else is offloaded', () => {
    expect(of({}).strategyOf('head')).toBe('offload');
    expect(of({}).strategyOf('')).toBe('offload');
    expect(of({ offload: ['stem'] }).strategyOf('head')).toBe('keep');
  });

  it('lets the nearest module decide', () => {
    const { strategyOf } = of({ keep: ['layers.0', 'ladder/**'], offload: ['layers.0.mlp', 'layers.1'] });
    expect(
      ['layers.0', 'layers.0.mlp', 'layers.0.mlp.up', 'layers.1.mlp', 'ladder/side.0', 'stem'].map(strategyOf),
    ).toEqual(['keep', 'offload', 'offload', 'offload', 'keep', 'keep']);
  });

  it('runs modules again, none inside another, whose inputs go as what is around them', () => {
    const policy = of({ recompute: ['layers.*', 'layers.*.mlp', 'head'], keep: ['head'] });
    expect(policy.recomputed).toEqual(['layers.0', 'layers.1']);
    expect(policy.strategyOf('layers.0')).toBe('offload');
    expect(policy.strategyOf('head')).toBe('keep');
  });

  it('refuses a glob that names no module', () => {
    expect(() => of({ keep: ['layer.*'] })).toThrow(
      expect.objectContaining({ code: 'OFFLOAD_UNMATCHED', fix: expect.stringContaining('layers.0') }),
    );
  });
});
