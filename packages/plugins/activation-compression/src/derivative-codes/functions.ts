import { erf } from './error-function.ts';
import type { ScalarFunction } from './math.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const bell = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const normalCdf = (x: number): number => (1 + erf(x * Math.SQRT1_2)) / 2;
/** What is under the tanh of the approximated GELU, and its slope. */
const inner = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const innerSlope = (x: number): number => Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
const seluScale = 1.0507009873554805;
const seluScaleAlpha = 1.7580993408473768;

/** Functions whose derivative is bounded and settles down on both sides, by name. */
export const smoothFunctions = {
  gelu: { f: (x) => x * normalCdf(x), derivative: (x) => normalCdf(x) + x * bell(x) },
  'gelu-tanh': {
    f: (x) => (x / 2) * (1 + Math.tanh(inner(x))),
    derivative: (x) => (1 + Math.tanh(inner(x)) + x * (1 - Math.tanh(inner(x)) ** 2) * innerSlope(x)) / 2,
  },
  silu: { f: (x) => x * sigmoid(x), derivative: (x) => sigmoid(x) * (1 + x * sigmoid(-x)) },
  'hard-swish': {
    f: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    derivative: (x) => (x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6),
  },
  sigmoid: { f: sigmoid, derivative: (x) => sigmoid(x) * sigmoid(-x) },
  tanh: { f: Math.tanh, derivative: (x) => 1 - Math.tanh(x) ** 2 },
  softplus: { f: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), derivative: sigmoid },
  elu: { f: (x) => (x > 0 ? x : Math.expm1(x)), derivative: (x) => (x > 0 ? 1 : Math.exp(x)) },
  selu: {
    f: (x) => (x > 0 ? seluScale * x : seluScaleAlpha * Math.expm1(x)),
    derivative: (x) => (x > 0 ? seluScale : seluScaleAlpha * Math.exp(x)),
  },
  erf: { f: erf, derivative: (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) },
  atan: { f: Math.atan, derivative: (x) => 1 / (1 + x * x) },
  asinh: { f: Math.asinh, derivative: (x) => 1 / Math.sqrt(1 + x * x) },
} as const satisfies Record<string, ScalarFunction>;

export type SmoothFunction = keyof typeof smoothFunctions;

/** Functions whose derivative has two values: one bit tells which, exactly. */
export const piecewiseFunctions = ['relu', 'relu6', 'leaky-relu', 'abs', 'clip'] as const;
export type PiecewiseFunction = (typeof piecewiseFunctions)[number];

export type CodedFunction = SmoothFunction | PiecewiseFunction;
export const codedFunctions = [
  ...(Object.keys(smoothFunctions) as SmoothFunction[]),
  ...piecewiseFunctions,
] as const satisfies readonly CodedFunction[];

interface CodedKernel {
  readonly name: CodedFunction;
  /** The rule keeps the output: borders are compared with f(x). */
  readonly fromOutput?: boolean;
}

/** Which function a kernel computes; undefined for one that is left exact. */
export function functionOf(kernel: string, attrs: Readonly<Record<string, unknown>>): CodedKernel | undefined {
  if (kernel === 'tapgrad.Gelu') return { name: attrs.approximate === 'tanh' ? 'gelu-tanh' : 'gelu' };
  return kernels[kernel];
}

const kernels: Readonly<Record<string, CodedKernel>> = {
  'tapgrad.Silu': { name: 'silu' },
  'tapgrad.HardSwish': { name: 'hard-swish' },
  Sigmoid: { name: 'sigmoid', fromOutput: true },
  Tanh: { name: 'tanh', fromOutput: true },
  Softplus: { name: 'softplus' },
  Elu: { name: 'elu', fromOutput: true },
  Selu: { name: 'selu', fromOutput: true },
  Erf: { name: 'erf' },
  Atan: { name: 'atan' },
  Asinh: { name: 'asinh' },
  Relu: { name: 'relu', fromOutput: true },
  Relu6: { name: 'relu6', fromOutput: true },
  LeakyRelu: { name: 'leaky-relu' },
  Abs: { name: 'abs' },
  ClipByValue: { name: 'clip' },
};
