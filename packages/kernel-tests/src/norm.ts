import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectClose } from './expect-close.ts';
import { runKernel } from './run-kernel.ts';
import { sample } from './sample.ts';

interface Operands {
  readonly x: Float64Array;
  readonly dy: Float64Array;
  readonly weight?: Float64Array | undefined;
  readonly bias?: Float64Array | undefined;
}
interface Reference {
  readonly y: Float64Array;
  readonly dx: Float64Array;
  readonly dweight: Float64Array;
  readonly dbias: Float64Array;
}

const epsilon = 1e-3;

function reference(centered: boolean, d: number, { x, dy, weight, bias }: Operands): Reference {
  const rows = x.length / d;
  const y = new Float64Array(rows * d);
  const dx = new Float64Array(rows * d);
  const dweight = new Float64Array(d);
  const dbias = new Float64Array(d);
  for (let i = 0; i < rows; i++) {
    const row = x.slice(i * d, (i + 1) * d);
    const center = centered ? row.reduce((a, b) => a + b, 0) / d : 0;
    const rstd = 1 / Math.sqrt(row.reduce((a, b) => a + (b - center) ** 2, 0) / d + epsilon);
    const xhat = row.map((v) => (v - center) * rstd);
    const g = xhat.map((_, j) => dy[i * d + j]! * (weight?.[j] ?? 1));
    const meanG = centered ? g.reduce((a, b) => a + b, 0) / d : 0;
    const meanGX = g.reduce((a, b, j) => a + b * xhat[j]!, 0) / d;
    for (let j = 0; j < d; j++) {
      y[i * d + j] = xhat[j]! * (weight?.[j] ?? 1) + (bias?.[j] ?? 0);
      dx[i * d + j] = (g[j]! - meanG - xhat[j]! * meanGX) * rstd;
      dweight[j]! += dy[i * d + j]! * xhat[j]!;
      dbias[j]! += dy[i * d + j]!;
    }
  }
  return { y, dx, dweight, dbias };
}

// Widths below, at and above what one workgroup or vector takes.
const shapes = [
  [1, 1],
  [3, 3],
  [2, 5, 7],
  [33, 17],
  [130, 65],
  [4, 192],
  [200, 192],
  [3, 2100],
  [2, 2052],
  [0, 8],
];

/** Layer norm and RMS norm: forward, the same bits again from the statistics, and the gradients that are asked for. */
export function testNorms(): void {
  describe.each([
    { name: 'LayerNorm', centered: true, parameters: [[], ['weight'], ['weight', 'bias']] },
    { name: 'RmsNorm', centered: false, parameters: [[], ['weight']] },
  ] as const)('$name', ({ name, centered, parameters }) => {
    const cases = shapes.flatMap((shape) => parameters.map((used) => ({ shape, used: used as readonly string[] })));
    it.each(cases)('of shape $shape with $used equals float64', async ({ shape, used }) => {
      const d = shape.at(-1)!;
      const [x, dy] = [sample(shape, 'x', 3), sample(shape, 'dy')];
      const weight = used.includes('weight') ? sample([d], 'weight') : undefined;
      const bias = used.includes('bias') ? sample([d], 'bias') : undefined;
      const operands = { x: x.values, dy: dy.values, weight: weight?.values, bias: bias?.values };
      const expected = reference(centered, d, operands);

      const forward = {
        x: x.tensor,
        ...(weight && { weight: weight.tensor }),
        ...(bias && { bias: bias.tensor }),
      };
      const [y, ...statistics] = runKernel(`tapgrad.${name}`, forward, { epsilon });
      expect(statistics.map((each) => each.shape)).toEqual(statistics.map(() => shape.slice(0, -1)));
      expectClose(await y!.data(), expected.y, 1e-5, 1);

      const [first, second] = statistics as [tf.Tensor, tf.Tensor];
      const named = centered ? { mean: first, rstd: second } : { rstd: first };
      const [again] = runKernel(`tapgrad.${name}Apply`, { ...forward, ...named });
      expect(await again!.data()).toEqual(await y!.data());

      const backward = { dy: dy.tensor, x: x.tensor, ...named, ...(weight && { weight: weight.tensor }) };
      const needs = { needX: true, needWeight: true, needBias: centered };
      const gradients = runKernel(`tapgrad.${name}Grad`, backward, needs);
      const terms = Math.sqrt(x.values.length / d) + 1;
      expectClose(await gradients[0]!.data(), expected.dx, 1e-5, 1);
      expectClose(await gradients[1]!.data(), expected.dweight, 1e-5, terms);
      if (centered) expectClose(await gradients[2]!.data(), expected.dbias, 1e-5, terms);
      const [alone] = runKernel(`tapgrad.${name}Grad`, backward, { needWeight: true });
      expect(await alone!.data()).toEqual(await gradients[1]!.data());
      tf.dispose([forward, dy.tensor, y!, again!, alone!, statistics, gradients]);
    });
  });
}
