import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import type { Dispatch } from '../shader.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { u32 } from '../uniforms.ts';
import { codeAt } from '../wgsl/code-words.ts';
import { flat, main } from '../wgsl/flat.ts';

interface PackDerivative {
  readonly borders: readonly number[];
  readonly inclusive: readonly boolean[];
  readonly bits: number;
}
interface UnpackDerivative {
  readonly levels: readonly number[];
  readonly bits: number;
  readonly shape: readonly number[];
}

/**
 * Codes of 1 to 8 bits in int32 words, code k in bits [k·bits, (k + 1)·bits): one invocation a word packs, one a code unpacks.
 * Of a derivative, code(x) is the number of borders that x has passed, mod 2^bits; back comes level[code], times dy if given.
 */
export function registerCodes(): void {
  kernel<{ codes: TensorInfo }, { bits: number }>('tapgrad.PackBits', ({ inputs: { codes }, attrs: { bits }, gpu }) =>
    packed(gpu, codes, bits, 'u32', { name: 'pack-bits', code: () => packer(bits, 'x[k]') }),
  );
  kernel<{ words: TensorInfo }, { bits: number; size: number }>(
    'tapgrad.UnpackBits',
    ({ inputs: { words }, attrs: { bits, size }, gpu }) => {
      const codes = gpu.output([size], 'int32');
      const buffers = { read: { words: [words, 'u32'] }, write: { y: [codes, 'u32'] } } as const;
      const code = () => `${codeAt(bits)}\n${main('y[i] = code_at(i);')}`;
      run(gpu, { name: 'unpack-bits', variant: `${bits}`, ...buffers, code }, size);
      return codes;
    },
  );
  kernel<{ x: TensorInfo }, PackDerivative>('tapgrad.PackDerivative', ({ inputs: { x }, attrs, gpu }) => {
    const passed = attrs.borders.map((border, i) => comparison(border, attrs.inclusive[i] ?? false)).join(' + ');
    const code = () => packer(attrs.bits, `((${passed || '0u'}) & ${2 ** attrs.bits - 1}u)`);
    return packed(gpu, x, attrs.bits, 'f32', { name: 'pack-derivative', code, variant: passed });
  });
  kernel<{ codes: TensorInfo; dy?: TensorInfo }, UnpackDerivative>(
    'tapgrad.UnpackDerivative',
    ({ inputs: { codes, dy }, attrs: { levels, bits, shape }, gpu }) => {
      const y = gpu.output(shape);
      const read: Dispatch['read'] = { words: [codes, 'u32'], ...(dy && { dy: [dy, 'f32'] as const }) };
      const table = levels.map(exactly).join(', ');
      const code = () => `${codeAt(bits)}
const levels = array<f32, ${levels.length}>(${table});
${main(`y[i] = ${dy ? 'dy[i] * ' : ''}levels[code_at(i)];`)}`;
      const variant = `${bits} ${table}`;
      run(
        gpu,
        { name: 'unpack-derivative', variant, read, write: { y: [y, 'f32'] }, code },
        util.sizeFromShape([...shape]),
      );
      return y;
    },
  );
}

function run(gpu: TrainingBackend, dispatch: Omit<Dispatch, 'workgroups' | 'uniforms'>, count: number): void {
  if (count === 0) return;
  gpu.dispatch({ ...dispatch, uniforms: { count: u32(count) }, workgroups: Math.ceil(count / flat) });
}

function packed(
  gpu: TrainingBackend,
  x: TensorInfo,
  bits: number,
  type: string,
  { name, code, variant = '' }: Pick<Dispatch, 'name' | 'code' | 'variant'>,
): TensorInfo {
  const size = util.sizeFromShape(x.shape);
  const count = Math.ceil((size * bits) / 32);
  const words = gpu.output([count], 'int32');
  if (count === 0) return words;
  gpu.dispatch({
    name,
    variant: `${bits} ${variant}`,
    read: { x: [x, type] },
    write: { words: [words, 'u32'] },
    uniforms: { count: u32(count), size: u32(size) },
    code,
    workgroups: Math.ceil(count / flat),
  });
  return words;
}

/** @param code the code of element k, within its bits */
function packer(bits: number, code: string): string {
  return main(`
  let begin = i * 32u;
  var word = 0u;
  for (var k = begin / ${bits}u; k < uniforms.size && k * ${bits}u < begin + 32u; k++) {
    let code = ${code};
    // The first code may have begun in the word before.
    if (k * ${bits}u >= begin) { word |= code << (k * ${bits}u - begin); } else { word |= code >> (begin - k * ${bits}u); }
  }
  words[i] = word;`);
}

function comparison(border: number, inclusive: boolean): string {
  if (!Number.isFinite(border)) return border > 0 ? '0u' : '1u';
  return `u32(x[k] ${inclusive ? '>=' : '>'} ${exactly(border)})`;
}

/** A float32 constant by its bits: decimals might be rounded otherwise. */
function exactly(value: number): string {
  const [bits] = new Uint32Array(Float32Array.of(value).buffer);
  return `bitcast<f32>(${bits}u)`;
}
