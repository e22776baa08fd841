import * as v from 'valibot';

export const natural = (name: string, least: number) =>
  v.pipe(
    v.number(),
    v.integer(`${name} must be a whole number`),
    v.minValue(least, `${name} must be at least ${least}`),
  );
export const positive = v.pipe(v.number(), v.gtValue(0));
/** A factor of a loss term; at 0 the plugin does nothing. */
export const coefficient = v.pipe(v.number(), v.minValue(0));
/** Where the paper and released code differ. */
export const variant = v.optional(v.picklist(['paper', 'reference-code']), 'paper');
