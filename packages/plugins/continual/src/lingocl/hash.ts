/**
 * Hash of the bits of numbers in float32, in 16 hexadecimal digits: two FNV-1a hashes of 32 bits with different starts.
 * Not for secrets; it tells whether frozen values are still the same.
 */
export function hashOf(values: ArrayLike<number>): string {
  const bits = new DataView(new ArrayBuffer(4));
  let [one, other] = [0x811c9dc5, 0x1b873593];
  for (let i = 0; i < values.length; i++) {
    bits.setFloat32(0, values[i] as number);
    for (let byte = 0; byte < 4; byte++) {
      one = Math.imul(one ^ bits.getUint8(byte), 0x01000193);
      other = Math.imul(other ^ bits.getUint8(byte) ^ (i & 0xff), 0x01000193);
    }
  }
  return [one, other].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
