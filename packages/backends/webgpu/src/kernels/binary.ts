import {
  Add,
  Atan2,
  BitwiseAnd,
  backend_util,
  Equal,
  FloorDiv,
  Greater,
  GreaterEqual,
  Less,
  LessEqual,
  LogicalAnd,
  LogicalOr,
  Maximum,
  Minimum,
  Mod,
  Multiply,
  NotEqual,
  Pow,
  RealDiv,
  SquaredDifference,
  Sub,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { axesOf, axisUniforms, broadcastStrides, countOf, walk } from '../axes.ts';
import { type KernelRun, kernel } from '../register.ts';
import { isCopyable } from '../strided-copy.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { u32 } from '../uniforms.ts';
import { elementwise } from './elementwise.ts';

const size = 64;

/** What `combine` computes of two numbers `a` and `b` of type `T` (f32 or i32): statements that return it. */
interface Operation {
  readonly f32?: string;
  /** Default: as for f32. Exact for every integer; bools count as integers. */
  readonly i32?: string;
  readonly gives?: 'bool';
}

// NaN is told by its bits: a compiler may take for granted that no number is one. `a + b` is NaN where one of them is.
const extremum = (name: 'max' | 'min'): Operation => ({
  f32: `return select(${name}(a, b), a + b, isNan(a) || isNan(b));`,
  i32: `return ${name}(a, b);`,
});
const compared = (operator: string): Operation => ({
  f32: `return i32(a ${operator} b && !isNan(a) && !isNan(b));`,
  i32: `return i32(a ${operator} b);`,
  gives: 'bool',
});

// Of floats, the quotient may have been rounded up to a whole number, or down from one; the remainder tells.
const floorDiv = `
  let quotient = floor(a / b);
  let remainder = fma(-quotient, b, a) * sign(b);
  return quotient + select(0.0, 1.0, remainder >= abs(b)) - select(0.0, 1.0, remainder < 0.0);`;
const integerFloorDiv = `
  let quotient = a / b;
  return quotient - i32(quotient * b != a && (a < 0) != (b < 0));`;

const operations: Readonly<Record<string, Operation>> = {
  [Add]: { f32: 'return a + b;' },
  [Sub]: { f32: 'return a - b;' },
  [Multiply]: { f32: 'return a * b;' },
  [RealDiv]: { f32: 'return a / b;' },
  [SquaredDifference]: { f32: 'return (a - b) * (a - b);' },
  [Maximum]: extremum('max'),
  [Minimum]: extremum('min'),
  [FloorDiv]: { f32: floorDiv, i32: integerFloorDiv },
  [Mod]: {
    // The result has the sign of b. WGSL's remainder is a - b trunc(a / b), whose quotient may have been rounded down from a whole number.
    f32: `
  let remainder = a % b;
  let rest = select(remainder, remainder - sign(remainder) * abs(b), abs(remainder) >= abs(b));
  return select(rest, rest + b, rest != 0.0 && (rest < 0.0) != (b < 0.0));`,
    i32: `
  let rest = a % b;
  return select(rest, rest + b, rest != 0 && (rest < 0) != (b < 0));`,
  },
  [Pow]: {
    // Of a negative base, a whole exponent alone gives a number.
    f32: `
  if (b == 0.0) { return 1.0; }
  let positive = pow(abs(a), b);
  if (a >= 0.0 || isNan(a) || isNan(b)) { return select(positive, a + b, isNan(a) || isNan(b)); }
  if (floor(b) != b) { return bitcast<f32>(0x7fc00000u + u32(b == 0.0)); }
  return select(positive, -positive, abs(b) % 2.0 == 1.0);`,
    i32: `
  var result = 1;
  var factor = a;
  var exponent = b;
  if (exponent < 0) { return select(select(0, 1 - 2 * (exponent & 1), a == -1), 1, a == 1); }
  while (exponent > 0) {
    if ((exponent & 1) == 1) { result *= factor; }
    factor *= factor;
    exponent = exponent >> 1u;
  }
  return result;`,
  },
  [Atan2]: { f32: 'return select(atan2(a, b), a + b, isNan(a) || isNan(b));' },
  [BitwiseAnd]: { i32: 'return a & b;' },
  [Equal]: compared('=='),
  [Less]: compared('<'),
  [LessEqual]: compared('<='),
  [Greater]: compared('>'),
  [GreaterEqual]: compared('>='),
  [NotEqual]: { f32: 'return i32(a != b || isNan(a) || isNan(b));', i32: 'return i32(a != b);', gives: 'bool' },
  [LogicalAnd]: { i32: 'return i32(a != 0 && b != 0);', gives: 'bool' },
  [LogicalOr]: { i32: 'return i32(a != 0 || b != 0);', gives: 'bool' },
};

type Binary = { readonly a: TensorInfo; readonly b: TensorInfo };

/** An operation on operands of one type, as WGSL. */
interface Code {
  readonly name: string;
  readonly type: 'f32' | 'i32';
  readonly gives: 'bool' | undefined;
  /** Declares `combine` of two numbers. */
  readonly functions: string;
  /** What it gives of `a` and `b`, which are numbers, or four numbers each. */
  readonly result: (isVector: boolean) => string;
}

function codeOf(name: string, { gives, ...bodies }: Operation, type: 'f32' | 'i32'): Code | undefined {
  const body = type === 'f32' ? bodies.f32 : (bodies.i32 ?? bodies.f32);
  if (body === undefined) return undefined;
  const given = gives === 'bool' ? 'i32' : type;
  const ofFour = ['x', 'y', 'z', 'w'].map((c) => `combine(a.${c}, b.${c})`).join(', ');
  return {
    name,
    type,
    gives,
    functions: `
fn isNan(x: ${type}) -> bool { return ${type === 'f32' ? '(bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u' : 'false'}; }
fn combine(a: ${type}, b: ${type}) -> ${given} {
  ${body}
}`,
    result: (isVector) => (isVector ? `vec4<${given}>(${ofFour})` : 'combine(a, b)'),
  };
}

/** With broadcasting; four elements at once where the last axis comes in fours. */
function broadcast(gpu: TrainingBackend, { name, type, gives, functions, result }: Code, { a, b }: Binary): TensorInfo {
  const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const out = gpu.output(shape, gives ?? a.dtype);
  if (util.sizeFromShape(shape) === 0) return out;
  const axes = axesOf(shape, broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape));
  const strides = axes.at(-1)!.strides;
  const inFours =
    axes.at(-1)!.size % 4 === 0 &&
    axes.slice(0, -1).every((axis) => axis.strides.every((stride, i) => strides[i] === 0 || stride % 4 === 0));
  // An operand that stays where it is along the last axis is read as one number.
  const wide = strides.map((stride) => inFours && stride === 1);
  const walked = inFours
    ? axes.map((axis, d) => ({
        size: d === axes.length - 1 ? axis.size / 4 : axis.size,
        strides: axis.strides.map((stride, i) => (wide[i] && d < axes.length - 1 ? stride / 4 : stride)),
      }))
    : axes;
  const count = countOf(walked);
  const element = (isWide: boolean, of: string = type): string => (isWide ? `vec4<${of}>` : of);
  gpu.dispatch({
    name,
    variant: `${walked.length} ${inFours ? 4 : 1}`,
    read: { aValues: [a, element(wide[0]!)], bValues: [b, element(wide[1]!)] },
    write: { y: [out, element(inFours, gives === 'bool' ? 'i32' : type)] },
    uniforms: { count: u32(count), ...axisUniforms(walked, ['aAt', 'bAt']) },
    code: () => `
${functions}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i >= uniforms.count) { return; }
  var aAt = 0;
  var bAt = 0;
  ${walk(walked.length, ['aAt', 'bAt'])}
  let a = ${element(inFours)}(aValues[aAt]);
  let b = ${element(inFours)}(bValues[bAt]);
  y[i] = ${result(inFours)};
}`,
    workgroups: Math.ceil(count / size),
  });
  return out;
}

/** `y = operation(a, b)`, for operands of any rank; integers are computed as such (tfjs's kernels take them for floats). */
function run(name: string, operation: Operation): KernelRun<Binary> {
  const [floats, integers] = [codeOf(name, operation, 'f32'), codeOf(name, operation, 'i32')];
  return ({ inputs: { a, b }, gpu, stock }) => {
    const code = a.dtype === 'float32' ? floats : integers;
    if (a.dtype !== b.dtype || !isCopyable(a) || code === undefined) return stock();
    if (!util.arraysEqual(a.shape, b.shape)) return broadcast(gpu, code, { a, b });
    const { type: operands, gives: dtype = a.dtype, functions, result } = code;
    return elementwise(gpu, a, { name, operands, dtype, read: { a: [a, 'T'], b: [b, 'T'] }, functions, result });
  };
}

export function registerBinary(): void {
  for (const [name, operation] of Object.entries(operations)) kernel(name, run(name, operation));
}
