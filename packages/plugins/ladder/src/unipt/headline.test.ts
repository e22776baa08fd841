import { expect, it } from 'vitest';
import { unipt } from '../index.ts';
import { peakOf } from '../peak.ts';

it('UniPT peaks under 0.4 of full fine-tuning, AdamW state counted, its saved activations under 0.15', async () => {
  const full = await peakOf([]);
  const side = await peakOf([unipt({ head: { classes: 3 } })]);
  expect(side.peak / full.peak).toBeLessThan(0.4);
  expect(side.saved / full.saved).toBeLessThan(0.15);
});
