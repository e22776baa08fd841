/** Sizes below are multiples of the smallest size, those above one of 32 steps to a doubling: at most 3.1 % is in vain. */
const smallest = 16;
const exactBelow = 1024;
const stepsPerDoubling = 32;

/** The size of the buffer that holds `bytes`. */
export function classAbove(bytes: number): number {
  const step = stepOf(bytes);
  return Math.max(smallest, Math.ceil(bytes / step) * step);
}

/** The class after this one. */
export function nextClass(size: number): number {
  return classAbove(size + 1);
}

/** The largest class that a buffer of `bytes` has room for; 0 if it has for none. */
export function classBelow(bytes: number): number {
  const step = stepOf(bytes);
  return Math.floor(bytes / step) * step;
}

function stepOf(bytes: number): number {
  if (bytes <= exactBelow) return smallest;
  // The exponent of a number just below the next power of two must not be rounded up to it.
  const doubling = 2 ** Math.floor(Math.log2(bytes));
  return (doubling > bytes ? doubling / 2 : doubling) / stepsPerDoubling;
}
