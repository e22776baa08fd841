import { describe, expect, it } from 'vitest';
import { compose } from './compose.ts';

describe('the composition example', () => {
  it('trains combinations of families, holds what was planned to the byte, and together takes less than each alone', async () => {
    const printed: string[] = [];
    const results = await compose({ steps: 1, only: [1, 2, 3] }, (text) => printed.push(text));
    expect(results.map((rows) => rows.at(-1)?.name)).toEqual([
      'ladder + derivativeCodes + groupwiseCodes',
      'queryTokens + groupwiseCodes',
      'momentumAuxiliary + codes',
    ]);
    for (const rows of results) {
      const together = rows.at(-1)!;
      for (const { plannedBytes, peakBytes, losses } of rows) {
        expect(plannedBytes).toBe(peakBytes);
        expect(losses.every(Number.isFinite)).toBe(true);
      }
      expect(together.peakBytes).toBeLessThan(rows[0]!.peakBytes);
      for (const each of rows.slice(0, -1)) expect(together.savedBytes).toBeLessThan(each.savedBytes);
    }
    expect(printed.join('\n')).toContain('plugins, in the order in which they run');
  });
});
