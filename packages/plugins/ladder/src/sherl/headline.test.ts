import { expect, it } from 'vitest';
import { sherl } from '../index.ts';
import { peakOf } from '../peak.ts';

it('SHERL peaks under half of full fine-tuning, AdamW state counted, its saved activations under 0.46', async () => {
  const full = await peakOf([]);
  const side = await peakOf([sherl({ head: { classes: 3 } })]);
  expect(side.peak / full.peak).toBeLessThan(0.5);
  expect(side.saved / full.saved).toBeLessThan(0.46);
});
