import * as tf from '@tensorflow/tfjs-core';
import { type InputSpec, type OpSample, type OpSpec, opSpec } from '../op-spec.ts';
import type { SeededRandom } from '../random.ts';

interface MatMulAttributes {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

interface FusedAttributes extends MatMulAttributes {
  readonly activation?: 'linear' | 'relu' | 'relu6' | 'elu' | 'sigmoid' | 'leakyrelu' | 'prelu';
  readonly leakyreluAlpha?: number;
  readonly bias?: boolean;
}

/** The shape of one operand, `[..., rows, columns]`, stored transposed or not. */
function operand(batch: number[], rows: number, columns: number, transposed = false): InputSpec {
  return { shape: [...batch, ...(transposed ? [columns, rows] : [rows, columns])] };
}

const flags = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })));

function product(batchA: number[], batchB: number[], attrs: MatMulAttributes): OpSample<MatMulAttributes> {
  return { inputs: [operand(batchA, 2, 3, attrs.transposeA), operand(batchB, 3, 4, attrs.transposeB)], attrs };
}

function fuzzedProduct(random: SeededRandom): OpSample<MatMulAttributes> {
  const batch = random.shape(random.integer(0, 2));
  // Leading axes dropped alone: tfjs's kernels read the wrong entries where an extent of 1 is broadcast between others.
  const other = batch.slice(random.integer(0, batch.length));
  const [a, b] = random.pick([true, false]) ? [batch, other] : [other, batch];
  const [m, k, n] = [random.integer(1, 4), random.integer(1, 4), random.integer(1, 4)];
  const attrs = random.pick(flags);
  return { inputs: [operand(a, m, k, attrs.transposeA), operand(b, k, n, attrs.transposeB)], attrs };
}

const frozen = (input: InputSpec): InputSpec => ({ ...input, constant: true });

function fused(attrs: FusedAttributes, inputs?: InputSpec[]): OpSample<FusedAttributes> {
  const bias: InputSpec[] = attrs.bias ? [{ shape: [4] }] : [];
  const slopes: InputSpec[] = attrs.activation === 'prelu' ? [{ shape: [4], range: [-0.8, 0.8] }] : [];
  const operands = inputs ?? [operand([], 2, 3, attrs.transposeA), operand([], 3, 4, attrs.transposeB)];
  return { inputs: [...operands, ...bias, ...slopes], attrs };
}

function runFused(inputs: readonly tf.Tensor[], { bias, activation = 'linear', ...attrs }: FusedAttributes): tf.Tensor {
  const [a, b, ...rest] = inputs as [tf.Tensor, tf.Tensor, ...tf.Tensor[]];
  return tf.fused.matMul({
    a,
    b,
    ...attrs,
    activation,
    ...(bias ? { bias: rest[0]! } : {}),
    ...(activation === 'prelu' ? { preluActivationWeights: rest.at(-1)! } : {}),
  });
}

export const matmulSpecs: readonly OpSpec[] = [
  opSpec<MatMulAttributes>({
    kernel: 'BatchMatMul',
    run: ([a, b], { transposeA = false, transposeB = false }) => tf.matMul(a!, b!, transposeA, transposeB),
    samples: [
      ...flags.map((attrs) => product([], [], attrs)),
      ...flags.map((attrs) => product([2], [2], attrs)),
      ...flags.map((attrs) => product([2], [], attrs)),
      product([], [2], {}),
      product([2, 3], [3], {}),
      product([2, 3], [1, 1], { transposeB: true }),
      { name: 'frozen weight', inputs: [operand([], 2, 3), frozen(operand([], 3, 2))], attrs: {} },
      { name: 'input not tracked', inputs: [frozen(operand([2], 2, 3)), operand([], 3, 2)], attrs: {} },
    ],
    fuzz: fuzzedProduct,
    errors: [{ inputs: [{ shape: [2, 3] }, { shape: [2, 3] }], attrs: {}, message: /inner/ }],
  }),

  opSpec<FusedAttributes>({
    kernel: '_FusedMatMul',
    run: runFused,
    samples: [
      ...flags.map((attrs) => fused({ ...attrs, bias: true })),
      ...(['relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const).flatMap((activation) => [
        fused({ activation, bias: true }),
        fused({ activation }),
      ]),
      fused({ activation: 'leakyrelu', leakyreluAlpha: -0.4, bias: true }),
      fused({ activation: 'relu', bias: true }, [frozen(operand([], 2, 3)), frozen(operand([], 3, 4))]),
      fused({ activation: 'prelu', bias: true, transposeB: true }, [
        frozen(operand([], 2, 3)),
        frozen(operand([], 3, 4, true)),
      ]),
      fused({ activation: 'relu', bias: true }, [operand([2], 2, 3), operand([2], 3, 4)]),
    ],
    errors: [{ inputs: [{ shape: [2, 3] }, { shape: [2, 3] }], attrs: {}, message: /inner/ }],
  }),
];
