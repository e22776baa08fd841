import {
  Abs,
  Acos,
  Acosh,
  Add,
  AddN,
  Asin,
  Asinh,
  Atan,
  Atan2,
  Atanh,
  BitwiseAnd,
  backend_util,
  Cast,
  Ceil,
  ClipByValue,
  Cos,
  Cosh,
  type DataType,
  Elu,
  EluGrad,
  Equal,
  Erf,
  Exp,
  Expm1,
  Floor,
  FloorDiv,
  Greater,
  GreaterEqual,
  Identity,
  IsFinite,
  IsInf,
  IsNan,
  LeakyRelu,
  Less,
  LessEqual,
  Log,
  Log1p,
  LogicalAnd,
  LogicalNot,
  LogicalOr,
  LogicalXor,
  Maximum,
  Minimum,
  Mod,
  Multiply,
  Neg,
  NotEqual,
  OnesLike,
  Pow,
  Prelu,
  RealDiv,
  Reciprocal,
  Relu,
  Relu6,
  Round,
  Rsqrt,
  Select,
  Selu,
  Sigmoid,
  Sign,
  Sin,
  Sinh,
  Softplus,
  Sqrt,
  Square,
  SquaredDifference,
  Step,
  Sub,
  Tan,
  Tanh,
  type TensorInfo,
  ZerosLike,
} from '@tensorflow/tfjs-core';
import { kernel, like, listed } from '../register.ts';

const functions = [Abs, Acos, Acosh, Asin, Asinh, Atan, Atanh, Ceil, ClipByValue, Cos, Cosh, Elu, Erf, Floor, Identity];
const moreFunctions = [Log, Log1p, LogicalNot, Neg, OnesLike, Reciprocal, Relu, Relu6, Round, Rsqrt, Selu, Sigmoid];
const lastFunctions = [Sign, Sin, Sinh, Softplus, Sqrt, Square, Step, Tan, Tanh, ZerosLike];
const arithmetic = [
  Add,
  Atan2,
  BitwiseAnd,
  FloorDiv,
  Maximum,
  Minimum,
  Mod,
  Multiply,
  Pow,
  RealDiv,
  SquaredDifference,
  Sub,
];
const comparisons = [Equal, Greater, GreaterEqual, Less, LessEqual, LogicalAnd, LogicalOr, LogicalXor, NotEqual];

function broadcast(kernelNames: readonly string[], dtype?: DataType): void {
  for (const name of kernelNames) {
    kernel<{ a: TensorInfo; b: TensorInfo }>(name, ({ inputs: { a, b }, made }) =>
      made(backend_util.assertAndGetBroadcastShape(a.shape, b.shape), dtype ?? a.dtype),
    );
  }
}

export function registerElementwise(): void {
  like('x', [...functions, ...moreFunctions, ...lastFunctions]);
  like('x', [Exp, Expm1, LeakyRelu, Prelu], 'float32');
  like('x', [IsFinite, IsInf, IsNan], 'bool');
  like('y', [EluGrad], 'float32');
  like('t', [Select]);
  broadcast(arithmetic);
  broadcast(comparisons, 'bool');
  kernel(AddN, ({ inputs, made }) => {
    const [first] = listed(inputs) as [TensorInfo];
    return made(first.shape, first.dtype);
  });
  // Of the same dtype as well it is a copy on wasm.
  kernel<{ x: TensorInfo }, { dtype: DataType }>(Cast, ({ inputs: { x }, attrs, made }) => made(x.shape, attrs.dtype));
}
