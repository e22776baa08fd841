import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose, runKernel, type Sample, sample } from '../../../wasm/src/test-support.ts';
import { useWebgpu } from '../index.ts';

beforeAll(() => useWebgpu());

interface Reference {
  readonly y: Float64Array;
  readonly dx: Float64Array;
  readonly dweight: Float64Array;
  readonly dbias: Float64Array;
}

function reference(
  centered: boolean,
  x: Sample,
  dy: Sample,
  weight: Sample | undefined,
  bias: Sample | undefined,
  d: number,
  epsilon: number,
): Reference {
  const rows = d === 0 ? 0 : x.values.length / d;
  const y = new Float64Array(rows * d);
  const dx = new Float64Array(rows * d);
  const dweight = new Float64Array(d);
  const dbias = new Float64Array(d);
  for (let i = 0; i < rows; i++) {
    const row = x.values.slice(i * d, (i + 1) * d);
    const center = centered ? row.reduce((a, b) => a + b, 0) / d : 0;
    const rstd = 1 / Math.sqrt(row.reduce((a, b) => a + (b - center) ** 2, 0) / d + epsilon);
    const xhat = row.map((v) => (v - center) * rstd);
    const g = xhat.map((_, j) => dy.values[i * d + j]! * (weight?.values[j] ?? 1));
    const meanG = centered ? g.reduce((a, b) => a + b, 0) / d : 0;
    const meanGX = g.reduce((a, b, j) => a + b * xhat[j]!, 0) / d;
    for (let j = 0; j < d; j++) {
      y[i * d + j] = xhat[j]! * (weight?.values[j] ?? 1) + (bias?.values[j] ?? 0);
      dx[i * d + j] = (g[j]! - meanG - xhat[j]! * meanGX) * rstd;
      dweight[j]! += dy.values[i * d + j]! * xhat[j]!;
      dbias[j]! += dy.values[i * d + j]!;
    }
  }
  return { y, dx, dweight, dbias };
}

describe.each([
  { name: 'LayerNorm', centered: true },
  { name: 'RmsNorm', centered: false },
])('$name', ({ name, centered }) => {
  const shapes = [
    [1, 1],
    [3, 3],
    [2, 5, 7],
    [33, 17],
    [130, 65],
    [200, 192],
    [3, 2100],
    [2, 2052],
    [0, 8],
  ];
  it.each(shapes)('of shape [%s, %s, %s] equals float64, with and without weight and bias', async (...shape) => {
    const size = shape.filter((n) => n !== undefined);
    const d = size.at(-1)!;
    const [x, dy] = [sample(size, 'x', 3), sample(size, 'dy')];
    const parameters = { weight: sample([d], 'weight'), bias: sample([d], 'bias') };
    for (const used of [[], ['weight'], ['weight', 'bias']] as ('weight' | 'bias')[][]) {
      if (!centered && used.includes('bias')) continue;
      const given = Object.fromEntries(used.map((each) => [each, parameters[each].tensor]));
      const [y, ...statistics] = runKernel(`tapgrad.${name}`, { x: x.tensor, ...given }, { epsilon: 1e-3 });
      const named = Object.fromEntries(
        (centered ? ['mean', 'rstd'] : ['rstd']).map((each, i) => [each, statistics[i]!]),
      );
      expect(statistics.map((each) => each.shape)).toEqual(statistics.map(() => size.slice(0, -1)));
      const expected = reference(
        centered,
        x,
        dy,
        used.includes('weight') ? parameters.weight : undefined,
        used.includes('bias') ? parameters.bias : undefined,
        d,
        1e-3,
      );
      expectClose(await y!.data(), expected.y, 1e-5, 1);

      const [again] = runKernel(`tapgrad.${name}Apply`, { x: x.tensor, ...named, ...given });
      expect(await again!.data()).toEqual(await y!.data());

      const weight = used.includes('weight') ? { weight: parameters.weight.tensor } : {};
      const needs = { needX: true, needWeight: true, needBias: centered };
      const gradients = runKernel(`tapgrad.${name}Grad`, { dy: dy.tensor, x: x.tensor, ...named, ...weight }, needs);
      expectClose(await gradients[0]!.data(), expected.dx, 1e-5, 1);
      expectClose(await gradients[1]!.data(), expected.dweight, 1e-5, Math.sqrt(x.values.length / d) + 1);
      if (centered) expectClose(await gradients[2]!.data(), expected.dbias, 1e-5, Math.sqrt(x.values.length / d) + 1);
      const [alone] = runKernel(
        `tapgrad.${name}Grad`,
        { dy: dy.tensor, x: x.tensor, ...named, ...weight },
        { needWeight: true },
      );
      expect(await alone!.data()).toEqual(await gradients[1]!.data());
      tf.dispose([y!, again!, alone!, ...statistics, ...gradients]);
    }
    tf.dispose([x.tensor, dy.tensor, parameters.weight.tensor, parameters.bias.tensor]);
  });
});
