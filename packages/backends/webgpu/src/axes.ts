import { i32, type Uniform, u32 } from './uniforms.ts';

/** One axis of a walk over several buffers: how many steps, and how many elements each buffer moves on with a step. */
export interface Axis {
  readonly size: number;
  readonly strides: readonly number[];
}

/** Elements between neighbours along each axis of a tensor without gaps. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let d = shape.length - 2; d >= 0; d--) strides[d] = strides[d + 1]! * shape[d + 1]!;
  return strides;
}

/** Strides with which a tensor is read as if it were repeated to `shape`: 0 along the axes that it is repeated along. */
export function broadcastStrides(from: readonly number[], shape: readonly number[]): number[] {
  const own = stridesOf(from);
  const missing = shape.length - from.length;
  return shape.map((_, d) => (d < missing || from[d - missing] === 1 ? 0 : own[d - missing]!));
}

/** Drops axes of size 1 and joins neighbours that lie behind each other in every buffer; at least one axis is left. */
export function merged(axes: readonly Axis[]): Axis[] {
  const result: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const outer = result.at(-1);
    if (outer?.strides.every((stride, i) => stride === axis.strides[i]! * axis.size)) {
      result[result.length - 1] = { size: outer.size * axis.size, strides: axis.strides };
    } else {
      result.push(axis);
    }
  }
  return result.length > 0 ? result : [{ size: 1, strides: axes[0]?.strides ?? [] }];
}

/** Axes of a walk along `shape`, with each buffer's strides. */
export function axesOf(shape: readonly number[], ...strides: (readonly number[])[]): Axis[] {
  return merged(shape.map((size, d) => ({ size, strides: strides.map((each) => each[d]!) })));
}

export function countOf(axes: readonly Axis[]): number {
  return axes.reduce((product, { size }) => product * size, 1);
}

/** Uniforms from which `walk` finds its way. */
export function axisUniforms(axes: readonly Axis[], names: readonly string[]): Record<string, Uniform> {
  const uniforms: Record<string, Uniform> = {};
  for (let d = 0; d < axes.length; d++) {
    const { size, strides } = axes[d]!;
    uniforms[`size${d}`] = u32(size);
    for (let i = 0; i < names.length; i++) uniforms[`${names[i]}${d}`] = i32(strides[i]!);
  }
  return uniforms;
}

/** WGSL that moves the `i32` variables `names` from where step 0 stands to where step `i` stands. */
export function walk(rank: number, names: readonly string[]): string {
  const lines = ['var rest = i;'];
  for (let d = rank - 1; d >= 0; d--) {
    lines.push(
      d === 0 ? 'let at0 = i32(rest);' : `let at${d} = i32(rest % uniforms.size${d}); rest /= uniforms.size${d};`,
    );
    lines.push(...names.map((name) => `${name} += at${d} * uniforms.${name}${d};`));
  }
  return lines.join('\n  ');
}
