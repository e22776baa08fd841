import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import type { Dispatch } from '../shader.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { u32 } from '../uniforms.ts';
import { codeAt } from '../wgsl/code-words.ts';
import { flat, main } from '../wgsl/flat.ts';
import { type Packing, packing, packsVectors } from '../wgsl/packing.ts';

export interface DerivativeCodes {
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
    packed(gpu, codes, { bits, operands: 'u32', code: 'number' }, { name: 'pack-bits' }),
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
  kernel<{ x: TensorInfo }, DerivativeCodes>('tapgrad.PackDerivative', ({ inputs: { x }, attrs, gpu }) => {
    const code = passedBorders(attrs);
    return packed(gpu, x, { bits: attrs.bits, operands: 'f32', code }, { name: 'pack-derivative', variant: code });
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

interface PackedDispatch extends Pick<Dispatch, 'name' | 'variant'> {
  readonly functions?: string;
  /** Tensors that `Packing.also` writes, by name. */
  readonly also?: Readonly<Record<string, TensorInfo>>;
}

function run(gpu: TrainingBackend, dispatch: Omit<Dispatch, 'workgroups' | 'uniforms'>, count: number): void {
  if (count === 0) return;
  gpu.dispatch({ ...dispatch, uniforms: { count: u32(count) }, workgroups: Math.ceil(count / flat) });
}

/** Words of the codes of x, by a dispatch that may also write other tensors of its shape, four numbers at a time where the codes are packed so. */
export function packed(
  gpu: TrainingBackend,
  x: TensorInfo,
  spec: Packing,
  { name, variant = '', functions = '', also = {} }: PackedDispatch,
): TensorInfo {
  const size = util.sizeFromShape(x.shape);
  const count = Math.ceil((size * spec.bits) / 32);
  const words = gpu.output([count], 'int32');
  if (count === 0) return words;
  const isVector = packsVectors(spec.bits, size);
  const typed = (info: TensorInfo, type: string) => [info, isVector ? `vec4<${type}>` : type] as const;
  gpu.dispatch({
    name,
    variant: `${spec.bits} ${isVector} ${variant}`,
    read: { x: typed(x, spec.operands) },
    write: {
      words: [words, 'u32'],
      ...Object.fromEntries(Object.entries(also).map(([key, info]) => [key, typed(info, 'f32')])),
    },
    uniforms: { count: u32(count), size: u32(isVector ? size / 4 : size) },
    code: () => packing(spec, isVector) + functions,
    workgroups: Math.ceil(count / flat),
  });
  return words;
}

/** The number of borders that a value has passed, mod 2^bits. */
export function passedBorders({ borders, inclusive, bits }: DerivativeCodes): string {
  const passed = borders.map((border, i) => comparison(border, inclusive[i] ?? false)).join(' + ');
  return `(${passed || 'U(0)'}) & U(${2 ** bits - 1})`;
}

function comparison(border: number, inclusive: boolean): string {
  if (!Number.isFinite(border)) return border > 0 ? 'U(0)' : 'U(1)';
  return `U(number ${inclusive ? '>=' : '>'} T(${exactly(border)}))`;
}

/** A float32 as a constant: its exact value in decimals, which compilers read as a float64. */
function exactly(value: number): string {
  const rounded = Math.fround(value);
  return Object.is(rounded, -0) ? '-0.0' : `${rounded}`;
}
