// Codes of 1 to 8 bits in a row of 32-bit words: code k stands in bits [k * bits, (k + 1) * bits). Eight codes fill `bits` bytes.

/** Moves the upper half of each field next to the lower one; `low` has ones where the lower halves stand. */
@inline
function join(x: u64, low: u64, field: i32, width: i32): u64 {
  return (x & low) | ((x >> (field - width)) & (low << width));
}

@inline
function part(x: u64, low: u64, field: i32, width: i32): u64 {
  return (x & low) | ((x & (low << width)) << (field - width));
}

@inline
function ones(width: i32): u64 {
  return ((<u64>1) << width) - 1;
}

/** Eight codes, one a byte, moved together into the low 8 * bits bits. */
@inline
export function together(codes: u64, bits: i32): u64 {
  if (bits == 8) return codes;
  const pairs = join(codes, ones(bits) * 0x0001000100010001, 8, bits);
  const fours = join(pairs, ones(2 * bits) * 0x0000000100000001, 16, 2 * bits);
  return join(fours, ones(4 * bits), 32, 4 * bits);
}

/** The inverse: eight codes, one a byte. */
@inline
export function apart(packed: u64, bits: i32): u64 {
  if (bits == 8) return packed;
  const fours = part(packed, ones(4 * bits), 32, 4 * bits);
  const pairs = part(fours, ones(2 * bits) * 0x0000000100000001, 16, 2 * bits);
  return part(pairs, ones(bits) * 0x0001000100010001, 8, bits);
}

/** Writes eight codes that are together; no byte beyond them. */
@inline
export function storeBlock(to: usize, packed: u64, bits: i32): void {
  if (bits == 4) store<u32>(to, <u32>packed);
  else if (bits == 8) store<u64>(to, packed);
  else if (bits == 2) store<u16>(to, <u16>packed);
  else storeBytes(to, packed, bits);
}

@inline
export function storeBytes(to: usize, packed: u64, bytes: i32): void {
  for (let i = 0; i < bytes; i++) {
    store<u8>(to + i, <u8>packed);
    packed >>= 8;
  }
}

@inline
export function loadBlock(from: usize, bits: i32): u64 {
  if (bits == 4) return load<u32>(from);
  if (bits == 8) return load<u64>(from);
  if (bits == 2) return load<u16>(from);
  return loadBytes(from, bits);
}

@inline
export function loadBytes(from: usize, bytes: i32): u64 {
  let packed: u64 = 0;
  for (let i = bytes - 1; i >= 0; i--) packed = (packed << 8) | <u64>load<u8>(from + i);
  return packed;
}

/** Address behind the words that hold `size` codes. */
@inline
export function endOf(words: usize, size: i32, bits: i32): usize {
  return words + <usize>(((<i64>size * bits + 31) >> 5) << 2);
}

/** The last, incomplete block, and zeros to the end of the word: as many bytes as belong to the words. */
@inline
export function storeLast(to: usize, packed: u64, bits: i32, end: usize): void {
  for (; to < end; to++) {
    store<u8>(to, <u8>packed);
    packed >>= 8;
  }
}

/** Four codes, one a byte. */
@inline
function codesOfFour(codes: usize, stride: i32): u64 {
  if (stride == 1) return load<u32>(codes);
  return (<u64>load<u8>(codes)) | ((<u64>load<u8>(codes, 4)) << 8) | ((<u64>load<u8>(codes, 8)) << 16)
    | ((<u64>load<u8>(codes, 12)) << 24);
}

/** Packs codes that take `stride` bytes each: 4 for int32, 1 for truth values. */
export function packBits(size: i32, stride: i32, codes: usize, bits: i32, words: usize): void {
  const end = endOf(words, size, bits);
  for (let left = size; left > 0; left -= 8) {
    if (left >= 8) {
      const eight = codesOfFour(codes, stride) | (codesOfFour(codes + 4 * stride, stride) << 32);
      storeBlock(words, together(eight, bits), bits);
      codes += 8 * stride;
      words += bits;
    } else {
      let eight: u64 = 0;
      for (let i = 0; i < left; i++) eight |= (<u64>load<u8>(codes + i * stride)) << (8 * i);
      storeLast(words, together(eight, bits), bits, end);
      return;
    }
  }
  storeLast(words, 0, bits, end);
}

/** The codes again, as int32. */
export function unpackBits(size: i32, words: usize, bits: i32, codes: usize): void {
  const end = endOf(words, size, bits);
  for (let left = size; left > 0; left -= 8) {
    const count = min(left, 8);
    let eight = apart(words + bits <= end ? loadBlock(words, bits) : loadBytes(words, <i32>(end - words)), bits);
    for (let i = 0; i < count; i++) {
      store<u32>(codes, <u32>(eight & 0xff));
      eight >>= 8;
      codes += 4;
    }
    words += bits;
  }
}
