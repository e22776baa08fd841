import { ArgMax, ArgMin, type TensorInfo, TopK, util } from '@tensorflow/tfjs-core';
import { callKernel, kernel } from '../register.ts';
import { isCopyable } from '../strided-copy.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { u32 } from '../uniforms.ts';
import { flat, main } from '../wgsl/flat.ts';
import { largest } from '../wgsl/largest.ts';

/** Of bits, a number that grows with what they stand for; NaN is the largest float, and -0 is 0. */
const keys = {
  float: `
  let bits = x[i];
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; }
  if (bits == 0x80000000u) { return bits; }
  return bits ^ select(0x80000000u, 0xffffffffu, bits >> 31u == 1u);`,
  integer: 'return x[i] ^ 0x80000000u;',
  negatedInteger: 'return ~(x[i] ^ 0x80000000u);',
} as const;

/** The places of the `keep` largest of each row of `width` elements, in the order of places. int32 `[rows, keep]` */
function largestOf(
  gpu: TrainingBackend,
  x: TensorInfo,
  rows: number,
  keep: number,
  key: keyof typeof keys,
): TensorInfo {
  const places = gpu.output([rows, keep], 'int32');
  if (rows * keep === 0) return places;
  gpu.dispatch({
    name: 'largest',
    variant: key,
    read: { x: [x, 'u32'] },
    write: { places: [places, 'u32'] },
    uniforms: { samples: u32(rows), width: u32(util.sizeFromShape(x.shape) / rows), keep: u32(keep) },
    code: () => largest(keys[key], 'places[place] = i - first;'),
    workgroups: rows,
  });
  return places;
}

/**
 * The k largest of each row, in falling order, among equals the first: what is taken is found first, and then each of them counts
 * those before it. tfjs's kernel compares integers as floats, and keeps no order among equals.
 */
function topK(gpu: TrainingBackend, x: TensorInfo, k: number): TensorInfo[] {
  const shape = [...x.shape.slice(0, -1), k];
  const [values, indices] = [gpu.output(shape, x.dtype), gpu.output(shape, 'int32')];
  const count = util.sizeFromShape(shape);
  if (count === 0) return [values, indices];
  const key = x.dtype === 'float32' ? 'float' : 'integer';
  const places = largestOf(gpu, x, count / k, k, key);
  gpu.dispatch({
    name: 'in-falling-order',
    variant: key,
    read: { x: [x, 'u32'], places: [places, 'u32'] },
    write: { values: [values, 'u32'], indices: [indices, 'u32'] },
    uniforms: { count: u32(count), width: u32(x.shape.at(-1)!), keep: u32(k) },
    code: () => `
fn key_of(i: u32) -> u32 { ${keys[key]} }
${main(`
  let row = i / uniforms.keep;
  let start = row * uniforms.width;
  let mine = key_of(start + places[i]);
  var rank = row * uniforms.keep;
  for (var other = row * uniforms.keep; other < (row + 1u) * uniforms.keep; other++) {
    let theirs = key_of(start + places[other]);
    rank += u32(theirs > mine || (theirs == mine && other < i));
  }
  values[rank] = x[start + places[i]];
  indices[rank] = places[i];`)}`,
    workgroups: Math.ceil(count / flat),
  });
  gpu.disposeData(places.dataId);
  return [values, indices];
}

export function registerTopK(): void {
  kernel<{ x: TensorInfo }, { k: number }>(TopK, ({ inputs: { x }, attrs: { k }, gpu, stock }) =>
    isCopyable(x) ? topK(gpu, x, k) : stock(),
  );
  for (const name of [ArgMax, ArgMin]) {
    kernel<{ x: TensorInfo }, { axis: number }>(name, ({ inputs: { x }, attrs: { axis }, gpu, stock }) => {
      if (x.dtype === 'float32') return stock();
      const along = util.parseAxisParam(axis, x.shape)[0]!;
      const others = [...x.shape.keys()].filter((each) => each !== along);
      const lines = callKernel(gpu, 'Transpose', { x }, { perm: [...others, along] });
      const shape = others.map((each) => x.shape[each]!);
      const places = largestOf(
        gpu,
        lines,
        util.sizeFromShape(shape),
        1,
        name === ArgMax ? 'integer' : 'negatedInteger',
      );
      gpu.disposeData(lines.dataId);
      return { ...places, shape };
    });
  }
}
