// Comparisons of floats and logic of truth values, which take one byte, 0 or 1.

/** -1 where a `kind` b, else 0; kind 0 equal, 1 not equal, 2 less, 3 less or equal (a NaN compares as in IEEE 754). */
@inline
function compare4(kind: i32, a: v128, b: v128): v128 {
  if (kind == 0) return f32x4.eq(a, b);
  if (kind == 1) return f32x4.ne(a, b);
  if (kind == 2) return f32x4.lt(a, b);
  return f32x4.le(a, b);
}

@inline
function compare1(kind: i32, a: f32, b: f32): bool {
  if (kind == 0) return a == b;
  if (kind == 1) return a != b;
  if (kind == 2) return a < b;
  return a <= b;
}

/** Where an operand is one number, its step is 0. */
@inline
function compareAll(kind: i32, size: i32, a: usize, aStep: usize, b: usize, bStep: usize, y: usize): void {
  const end = y + size;
  const end16 = y + (size & ~15);
  const u = v128.load32_splat(a);
  const v = v128.load32_splat(b);
  for (; y < end16; y += 16) {
    const c0 = compare4(kind, aStep ? v128.load(a) : u, bStep ? v128.load(b) : v);
    const c1 = compare4(kind, aStep ? v128.load(a, 16) : u, bStep ? v128.load(b, 16) : v);
    const c2 = compare4(kind, aStep ? v128.load(a, 32) : u, bStep ? v128.load(b, 32) : v);
    const c3 = compare4(kind, aStep ? v128.load(a, 48) : u, bStep ? v128.load(b, 48) : v);
    const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(c0, c1), i16x8.narrow_i32x4_s(c2, c3));
    v128.store(y, v128.and(bytes, i8x16.splat(1)));
    a += aStep << 4;
    b += bStep << 4;
  }
  for (; y < end; y++) {
    store<u8>(y, compare1(kind, load<f32>(a), load<f32>(b)));
    a += aStep;
    b += bStep;
  }
}

/** y = a `kind` b; `aStep` and `bStep` are 4, or 0 for an operand that is one number. */
export function compare(kind: i32, size: i32, a: usize, aStep: usize, b: usize, bStep: usize, y: usize): void {
  if (kind == 0) compareAll(0, size, a, aStep, b, bStep, y);
  else if (kind == 1) compareAll(1, size, a, aStep, b, bStep, y);
  else if (kind == 2) compareAll(2, size, a, aStep, b, bStep, y);
  else compareAll(3, size, a, aStep, b, bStep, y);
}

/** y = a and b or, with `either`, a or b. */
export function logic(size: i32, a: usize, b: usize, y: usize, either: bool): void {
  const end = y + size;
  const end16 = y + (size & ~15);
  for (; y < end16; y += 16) {
    const u = v128.load(a);
    const v = v128.load(b);
    v128.store(y, either ? v128.or(u, v) : v128.and(u, v));
    a += 16;
    b += 16;
  }
  for (; y < end; y++) {
    store<u8>(y, either ? load<u8>(a) | load<u8>(b) : load<u8>(a) & load<u8>(b));
    a++;
    b++;
  }
}
