import { TapgradError } from '@tapgrad/core';

/** Throws BAD_OPTION for the first option that is not a finite number within its bounds. */
export function checkOptions(
  optimizer: string,
  options: Readonly<Record<string, { readonly value: number; readonly below?: number }>>,
): void {
  for (const [name, { value, below = Number.POSITIVE_INFINITY }] of Object.entries(options)) {
    if (Number.isFinite(value) && value >= 0 && value < below) continue;
    throw new TapgradError({
      code: 'BAD_OPTION',
      message: `${name} of ${optimizer} is ${value}`,
      fix: `give a number from 0${below === Number.POSITIVE_INFINITY ? '' : `, below ${below}`}`,
    });
  }
}
