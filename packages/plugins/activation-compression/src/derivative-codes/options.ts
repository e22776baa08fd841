import * as v from 'valibot';
import { codedFunctions } from './functions.ts';

export const derivativeCodesOptions = v.strictObject({
  /** Bits a code of a smooth function's derivative takes. Piecewise linear functions take 1, and are exact. */
  bits: v.optional(v.picklist([1, 2, 3, 4]), 4),
  /** Glob over the paths of the modules whose functions are coded. */
  where: v.optional(v.string(), '**'),
  /** Names of the functions that are coded. Default: all. */
  functions: v.optional(v.pipe(v.array(v.picklist(codedFunctions)), v.minLength(1))),
});

export type DerivativeCodesOptions = v.InferInput<typeof derivativeCodesOptions>;
export type CheckedDerivativeCodesOptions = v.InferOutput<typeof derivativeCodesOptions>;
