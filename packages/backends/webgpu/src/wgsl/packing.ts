import { main } from './flat.ts';

export interface Packing {
  /** Bits of a code, 1 to 8. */
  readonly bits: number;
  /** Type of a number that is coded. */
  readonly operands: 'f32' | 'u32';
  /** WGSL of the code of `number: T`, of type `U`, within its bits. */
  readonly code: string;
  /** WGSL of what else is done with `number`, once for each `k`: it stands at `x[k]`. */
  readonly also?: string;
}

/** Codes that make whole words are packed four at a time, if there is a multiple of four. */
export function packsVectors(bits: number, size: number): boolean {
  return 32 % bits === 0 && size % 4 === 0;
}

/**
 * Word i of the codes of `x`: code k in bits [k · bits, (k + 1) · bits). `T` is the type of what is coded and `U` that of a code, or vectors of four of
 * them. Needs `x`, `words` and `uniforms.size`, the number of `T`.
 */
export function packing({ bits, operands, code, also = '' }: Packing, isVector: boolean): string {
  const types = isVector ? `alias T = vec4<${operands}>;\nalias U = vec4u;` : `alias T = ${operands};\nalias U = u32;`;
  return `${types}
${main(isVector ? vectors() : numbers())}`;

  function vectors(): string {
    const groups = 8 / bits;
    return `
  var word = 0u;
  for (var group = 0u; group < ${groups}u && i * ${groups}u + group < uniforms.size; group++) {
    let k = i * ${groups}u + group;
    let number = x[k];
    ${also}
    let code = (${code}) << vec4u(0u, ${bits}u, ${2 * bits}u, ${3 * bits}u);
    word |= (code.x | code.y | code.z | code.w) << (${4 * bits}u * group);
  }
  words[i] = word;`;
  }

  function numbers(): string {
    return `
  let begin = i * 32u;
  var word = 0u;
  for (var k = begin / ${bits}u; k < uniforms.size && k * ${bits}u < begin + 32u; k++) {
    let number = x[k];
    let code = ${code};
    // The first code may have begun in the word before, which has done the rest.
    if (k * ${bits}u < begin) {
      word |= code >> (begin - k * ${bits}u);
      continue;
    }
    word |= code << (k * ${bits}u - begin);
    ${also}
  }
  words[i] = word;`;
  }
}
