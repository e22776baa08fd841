import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { TrainingBackend } from '../training-backend.ts';
import { u32 } from '../uniforms.ts';
import { laneCode, laneTile, sharedCount } from './product-lanes.ts';
import { countTiles, type Product, type Sizes } from './product-spec.ts';
import { depth, tileCode, workgroupTile } from './product-tiles.ts';
import { sumMiddle } from './reduce-middle.ts';

/** Workgroups that keep a device busy; with fewer the inner dimension is split. */
const enough = { gpu: 96, cpu: 32 } as const;

/** Parts of the inner dimension that workgroups take. */
function partsOf(gpu: TrainingBackend, sizes: Sizes): number {
  const tile = gpu.lanes > 0 ? laneTile(gpu.lanes, sizes) : workgroupTile(sizes);
  const wanted = (gpu.lanes > 0 ? enough.cpu : enough.gpu) / countTiles(sizes, tile);
  return Math.max(1, Math.min(Math.floor(sizes.k / 256), Math.floor(wanted)));
}

/** Whether a product without `finish` is a sum of parts, which a second dispatch adds up. No size may be 0. */
export function isSplit(gpu: TrainingBackend, sizes: Sizes): boolean {
  return partsOf(gpu, sizes) > 1;
}

/**
 * `c[batch, m, n] = Σ over k of a[batch, m, k] b[batch, k, n]`, by tiles in workgroup memory, or among the lanes of subgroups where the adapter
 * is a CPU. With few tiles and a long inner dimension workgroups take parts of it, which a second dispatch adds up in their order (only
 * without `finish`). No size may be 0.
 */
export function product(gpu: TrainingBackend, spec: Product): TensorInfo {
  const { name, shape, batch, m, n, k, a, b, finish } = spec;
  const parts = finish ? 1 : partsOf(gpu, spec);
  const c = gpu.output(parts === 1 ? shape : [parts, ...shape]);
  const type = n % 4 === 0 ? 'vec4<f32>' : 'f32';
  const plan = gpu.lanes > 0 ? byLanes(gpu.lanes, spec) : byTiles(spec);
  const part = plan.unit * Math.ceil(k / (plan.unit * parts));
  gpu.dispatch({
    name,
    variant: [a.variant, b.variant, finish?.variant ?? '', plan.variant].join(' '),
    read: { a: [a.info, plan.types.a], b: [b.info, plan.types.b], ...finish?.read },
    write: { c: [c, type], ...(finish?.second && { c2: [finish.second, type] }) },
    uniforms: {
      batch: u32(batch),
      m: u32(m),
      n: u32(n),
      k: u32(k),
      parts: u32(parts),
      part: u32(part),
      ...plan.uniforms(part),
      ...a.uniforms,
      ...b.uniforms,
      ...finish?.uniforms,
    },
    code: plan.code,
    workgroups: plan.tiles * parts,
  });
  if (parts === 1) return c;
  const [sum] = sumMiddle(gpu, {
    name: 'sum',
    outer: 1,
    count: parts,
    inner: batch * m * n,
    read: { x: [c, 'T'] },
    terms: ['x[i]'],
  });
  gpu.disposeData(c.dataId);
  return { ...sum!, shape: [...shape] };
}

/** `unit`: parts of the inner dimension are multiples of it. */
function byTiles(spec: Product) {
  const tile = workgroupTile(spec);
  return {
    variant: `${tile.rows} ${tile.columns}`,
    types: { a: spec.a.tiles.type, b: spec.b.tiles.type },
    tiles: countTiles(spec, tile),
    unit: depth,
    uniforms: () => ({ depth: u32(depth) }),
    code: () => tileCode(spec, tile),
  };
}

function byLanes(lanes: number, spec: Product) {
  const tile = laneTile(lanes, spec);
  const length = spec.a.runs.length ?? spec.b.runs.length;
  return {
    variant: `lanes ${tile.rows} ${tile.columns}`,
    types: { a: 'f32', b: 'f32' } as const,
    tiles: countTiles(spec, tile),
    unit: length ?? 1,
    uniforms: (part: number) => ({ run: u32(length ?? part), shared_count: u32(sharedCount(tile)) }),
    code: () => laneCode(spec, tile),
  };
}
