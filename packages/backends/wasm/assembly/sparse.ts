// The elements of largest magnitude of each sample, and a bit for each element that says whether it is one of them.

/** A float's magnitude as an integer of the same order. */
@inline
function magnitude(x: usize): u32 {
  return load<u32>(x) & 0x7fffffff;
}

/** Counts magnitudes by `width` bits from `shift`, of those that begin with `prefix` (what lies above these bits). */
@inline
function histogram(x: usize, count: i32, shift: i32, width: i32, prefix: u32, bins: usize): void {
  memory.fill(bins, 0, 4 << width);
  const mask = (1 << width) - 1;
  const end = x + (<usize>count << 2);
  const above = shift + width;
  for (; x < end; x += 4) {
    const m = magnitude(x);
    // A shift by 31 leaves the sign, which is 0.
    if (m >> above != prefix) continue;
    const bin = bins + (<usize>((m >> shift) & mask) << 2);
    store<u32>(bin, load<u32>(bin) + 1);
  }
}

/**
 * Keeps `count` elements of each sample. `bins`: scratch of 2048 integers.
 * The smallest magnitude kept is found digit by digit, 11, 10 and 10 bits at a time.
 */
export function packSparse(samples: i32, width: i32, x: usize, count: i32, mask: usize, values: usize, bins: usize): void {
  let word: u32 = 0;
  let filled = 0;
  for (let sample = 0; sample < samples; sample++) {
    let threshold: u32 = 0;
    let wanted = <u32>count;
    for (let pass = 0; pass < 3; pass++) {
      const digits = pass == 0 ? 11 : 10;
      const shift = 20 - 10 * pass;
      histogram(x, width, shift, digits, threshold, bins);
      let digit = (1 << digits) - 1;
      for (; digit > 0; digit--) {
        const inside = load<u32>(bins + (<usize>digit << 2));
        if (inside >= wanted) break;
        wanted -= inside;
      }
      threshold = (threshold << digits) | <u32>digit;
    }
    // `wanted` elements that equal the threshold are kept: the first ones.
    const end = x + (<usize>width << 2);
    for (; x < end; x += 4) {
      const m = magnitude(x);
      let keeps = m > threshold;
      if (m == threshold && wanted > 0) {
        keeps = true;
        wanted--;
      }
      if (keeps) {
        word |= <u32>1 << filled;
        store<u32>(values, load<u32>(x));
        values += 4;
      }
      if (++filled == 32) {
        store<u32>(mask, word);
        mask += 4;
        word = 0;
        filled = 0;
      }
    }
  }
  if (filled > 0) store<u32>(mask, word);
}

/** The values in their places, and 0 elsewhere. */
export function unpackSparse(size: i32, mask: usize, values: usize, y: usize): void {
  for (let from = 0; from < size; from += 32) {
    const count = min(32, size - from);
    let word = load<u32>(mask);
    mask += 4;
    memory.fill(y, 0, <usize>count << 2);
    for (; word; word &= word - 1) {
      store<u32>(y + (<usize>ctz(word) << 2), load<u32>(values));
      values += 4;
    }
    y += <usize>count << 2;
  }
}
