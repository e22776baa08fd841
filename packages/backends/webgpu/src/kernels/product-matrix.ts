import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type Uniform, u32 } from '../uniforms.ts';
import type { Operand } from './product-spec.ts';

/** Where the matrices of a batch stand: index `batch` of the product in matrices of one factor. */
export interface BatchIndex {
  readonly variant: string;
  /** WGSL of the index, of `batch`. */
  readonly code: string;
  readonly uniforms: Readonly<Record<string, Uniform>>;
}

/** A matrix, or a batch of them, as a factor. `transposed`: inner indices are rows for b and columns for a unless it is. */
export function matrixOperand(
  name: 'a' | 'b',
  info: TensorInfo,
  transposed: boolean,
  { outer, inner }: { readonly outer: number; readonly inner: number },
  index: BatchIndex,
): Operand {
  const outerSideBySide = (name === 'a') === transposed;
  const aligned = (outerSideBySide ? outer : inner) % 4 === 0;
  const size = name === 'a' ? 'm' : 'n';
  const start = `(${index.code}) * uniforms.${size} * uniforms.k`;
  const last = `min(o, uniforms.${size} - 1u)`;
  const at = outerSideBySide ? `k * uniforms.${size} + ${last}` : `${last} * uniforms.k + k`;
  return {
    info,
    tiles: {
      type: aligned ? 'vec4<f32>' : 'f32',
      order: outerSideBySide ? 'outer' : aligned ? 'block' : 'inner',
      code: loader(name, start, size, outerSideBySide, aligned),
    },
    runs: {
      step: outerSideBySide ? `uniforms.${size}` : '1u',
      code: `fn run_${name}(batch: u32, o: u32, k: u32) -> Run { return Run(${start} + ${at}, 0u, endless); }`,
    },
    variant: `${name}${transposed ? '-transposed' : ''} ${index.variant}`,
    uniforms: index.uniforms,
  };
}

function loader(name: string, start: string, size: string, outerSideBySide: boolean, aligned: boolean): string {
  const four = (of: (i: number) => string, type: string): string =>
    `return ${type}(${[0, 1, 2, 3].map((i) => `select(${of(i)}, o + ${i}u < uniforms.${size})`).join(', ')});`;
  const head = (type: string): string => `
fn load_${name}(batch: u32, o: u32, k: u32) -> ${type} {
  let last = uniforms.${size} - 1u;
  let start = ${start};`;
  if (outerSideBySide) {
    const at = `start + k * uniforms.${size}`;
    return aligned
      ? `${head('vec4f')}
  if (o > last) { return vec4f(); }
  return ${name}[(${at} + o) / 4u];
}`
      : `${head('vec4f')}
  let row = ${at};
  ${four((i) => `0f, ${name}[row + min(o + ${i}u, last)]`, 'vec4f')}
}`;
  }
  const at = (i: number): string => `start + min(o + ${i}u, last) * uniforms.k + k`;
  return aligned
    ? `${head('mat4x4f')}
  ${four((i) => `vec4f(), ${name}[(${at(i)}) / 4u]`, 'mat4x4f')}
}`
    : `${head('vec4f')}
  ${four((i) => `0f, ${name}[${at(i)}]`, 'vec4f')}
}`;
}

/** Of a factor that is one matrix. */
export const whole: BatchIndex = { variant: 'single', code: '0u', uniforms: {} };

/** Where the matrices of a factor with the batch dimensions `own` stand in a product with those of `all`. */
export function batchIndex(name: 'a' | 'b', own: readonly number[], all: readonly number[]): BatchIndex {
  const size = util.sizeFromShape([...own]);
  if (size === 1) return whole;
  if (size === util.sizeFromShape([...all])) return { variant: 'each', code: 'batch', uniforms: {} };
  const uniforms: Record<string, Uniform> = {};
  const terms: string[] = [];
  const padded = [...all.slice(own.length).map(() => 1), ...own];
  let [below, stride] = [1, 1];
  for (let axis = all.length - 1; axis >= 0; axis--) {
    const length = all[axis]!;
    if (padded[axis] !== 1) {
      const at = `${name}_axis${axis}`;
      uniforms[`${at}_below`] = u32(below);
      uniforms[`${at}_length`] = u32(length);
      uniforms[`${at}_stride`] = u32(stride);
      terms.push(`batch / uniforms.${at}_below % uniforms.${at}_length * uniforms.${at}_stride`);
    }
    below *= length;
    stride *= padded[axis]!;
  }
  return { variant: Object.keys(uniforms).join(), code: terms.join(' + '), uniforms };
}
