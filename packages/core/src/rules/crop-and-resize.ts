import {
  abs,
  add,
  type CropAndResizeAttrs,
  cast,
  equal,
  floor,
  gather,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  matMul,
  mul,
  neg,
  range,
  relu,
  reshape,
  scatterND,
  sign,
  slice,
  stack,
  sub,
  sum,
  type Tensor,
  tensor,
  transpose,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

/** Interpolation along one axis of all boxes. */
interface Axis {
  /** `[boxes, crop, extent]`: weight of each input row in each row of the crop. */
  readonly weights: Tensor;
  /** Derivative of `weights` with respect to the position sampled. */
  readonly slopes: Tensor;
  /** `[1, crop]`: where each row lies between the two edges of the box, 0 to 1. */
  readonly between: Tensor;
  readonly extent: number;
}

function sampledAxis(first: Tensor, last: Tensor, crop: number, extent: number, method: string): Axis {
  const fractions = Array.from({ length: crop }, (_, at) => (crop > 1 ? at / (crop - 1) : 0.5));
  const between = tensor(fractions, [1, crop]);
  const position = mul(add(mul(first, sub(1, between)), mul(last, between)), extent - 1);
  const inside = cast(logicalAnd(greaterEqual(position, 0), lessEqual(position, extent - 1)), 'float32');
  const at = (value: Tensor) => reshape(value, [value.shape[0] as number, crop, 1]);
  const rows = reshape(range(0, extent), [1, 1, extent]);
  if (method === 'nearest') {
    const weights = mul(cast(equal(at(floor(add(position, 0.5))), rows), 'float32'), at(inside));
    return { weights, slopes: zerosLike(weights), between, extent };
  }
  const distance = sub(at(position), rows);
  const slopes = mul(neg(sign(distance)), cast(less(abs(distance), 1), 'float32'));
  return { weights: mul(relu(sub(1, abs(distance))), at(inside)), slopes: mul(slopes, at(inside)), between, extent };
}

function edge(boxes: Tensor, column: number): Tensor {
  return slice(boxes, [0, column], [boxes.shape[0] as number, 1]);
}

/** Gradients of both edges of the boxes along one axis, `[boxes]` each; `dweights` is `[boxes, crop, extent]`. */
function edgeGradients(dweights: Tensor, { slopes, between, extent }: Axis): [first: Tensor, last: Tensor] {
  const dposition = mul(sum(mul(dweights, slopes), 2), extent - 1);
  return [sum(mul(dposition, sub(1, between)), 1), sum(mul(dposition, between), 1)];
}

// crop[n] = R_n · image[boxInd_n] · C_nᵀ, with R and C functions of the boxes.
rule<'image' | 'boxes' | 'boxInd', CropAndResizeAttrs>('CropAndResize', {
  inputs: ['image', 'boxes', 'boxInd'],
  differentiable: ['image', 'boxes'],
  saves: (need) => ['boxes', 'boxInd', need.boxes && 'image'],
  backward({ dy, saved, shapes, attrs: { cropSize, method } }) {
    const [batch, height, width, channels] = shapes.image as [number, number, number, number];
    const [boxes, cropHeight, cropWidth] = [shapes.boxes[0] as number, ...cropSize];
    const axes = (): [Axis, Axis] => [
      sampledAxis(edge(saved.boxes, 0), edge(saved.boxes, 2), cropHeight, height, method),
      sampledAxis(edge(saved.boxes, 1), edge(saved.boxes, 3), cropWidth, width, method),
    ];
    // [boxes, a, b, channels] with each `a` row contracted away: [boxes, a', b, channels].
    const alongRows = (matrix: Tensor, value: Tensor, transposed: boolean) => {
      const flat = reshape(value, [boxes, value.shape[1] as number, -1]);
      const made = matMul(matrix, flat, transposed);
      return reshape(made, [boxes, made.shape[1] as number, value.shape[2] as number, channels]);
    };
    const swap = (value: Tensor) => transpose(value, [0, 2, 1, 3]);
    return {
      image: () => {
        const [rows, columns] = axes();
        const wide = swap(alongRows(columns.weights, swap(alongRows(rows.weights, dy, true)), true));
        const indices = reshape(saved.boxInd, [boxes, 1]);
        const summed = scatterND(indices, reshape(wide, [boxes, -1]), [batch, height * width * channels]);
        return reshape(summed, shapes.image);
      },
      boxes: () => {
        const [rows, columns] = axes();
        const seen = gather(saved.image, saved.boxInd);
        const flat = (value: Tensor) => reshape(value, [boxes, value.shape[1] as number, -1]);
        const onRows = swap(alongRows(columns.weights, swap(seen), false));
        const onColumns = swap(alongRows(rows.weights, seen, false));
        const [top, bottom] = edgeGradients(matMul(flat(dy), flat(onRows), false, true), rows);
        const [left, right] = edgeGradients(matMul(flat(swap(dy)), flat(onColumns), false, true), columns);
        return stack([top, left, bottom, right], 1);
      },
    };
  },
});
