import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { Layout } from './bind-groups.ts';
import type { Access, Layouts } from './layouts.ts';
import { workgroupsPerAxis } from './shader.ts';
import type { StockProgram, TensorData } from './stock-backend.ts';

/** A compiled program of tfjs. */
export interface StockPipeline {
  readonly name: string;
  readonly layout: Layout;
  readonly compute: GPUComputePipeline;
}

/** What of a device tfjs calls while it compiles a program. */
type Compiler = Pick<
  GPUDevice,
  'limits' | 'createShaderModule' | 'createComputePipeline' | 'createComputePipelineAsync'
>;

const dtypeCodes: Readonly<Record<DataType, number>> = { float32: 0, int32: 1, bool: 2, complex64: 3, string: 4 };

/** tfjs's own programs, found by a key that costs little, and compiled with layouts whose uniforms have a dynamic offset. */
export class StockPrograms {
  private readonly pipelines = new Map<string, StockPipeline>();

  constructor(
    private readonly device: GPUDevice,
    private readonly layouts: Layouts,
  ) {}

  find(key: string): StockPipeline | undefined {
    return this.pipelines.get(key);
  }

  keep(key: string, program: StockProgram, inputs: number, compute: GPUComputePipeline): StockPipeline {
    const made = { name: program.constructor.name, layout: this.layoutOf(inputs), compute };
    this.pipelines.set(key, made);
    return made;
  }

  /** Stands in for the device where tfjs would let the shader say the layout, in which no offset is dynamic. */
  compilerFor(inputs: number): Compiler {
    const { device } = this;
    const layout = this.layoutOf(inputs).pipeline;
    return {
      limits: device.limits,
      createShaderModule: (descriptor) => device.createShaderModule(descriptor),
      createComputePipeline: (descriptor) => device.createComputePipeline({ ...descriptor, layout }),
      createComputePipelineAsync: (descriptor) => device.createComputePipelineAsync({ ...descriptor, layout }),
    };
  }

  private layoutOf(inputs: number): Layout {
    return this.layouts.of(['storage', ...Array<Access>(inputs).fill('read-only-storage')], true);
  }
}

/**
 * Tells apart what tfjs compiles apart: a program's own key, its workgroup and inputs, their dtypes and ranks, and how their shapes
 * compare with the output's.
 * @param data of the inputs: a buffer's dtype may differ from that of a tensor in it
 */
export function keyOf(
  program: StockProgram,
  inputs: readonly TensorInfo[],
  data: readonly TensorData[],
  output: TensorInfo,
): string {
  const [x, y, z] = program.workgroupSize;
  const flat = program.dispatch[1] === 1 && program.dispatch[2] === 1;
  let key = `${program.shaderKey}|${x},${y},${z},`;
  key += String.fromCharCode(operandCode(output.dtype, output.shape, flat ? 0 : 1));
  for (let i = 0; i < inputs.length; i++) {
    const { shape } = inputs[i]!;
    key += String.fromCharCode(operandCode(data[i]!.dtype, shape, relation(shape, output.shape)));
  }
  // Of more than two inputs some may be left out, and only their names tell which.
  return inputs.length > 2 ? key + program.variableNames.join() : key;
}

/** @param relation up to 127 */
function operandCode(dtype: DataType, shape: readonly number[], relation: number): number {
  return (relation * 8 + shape.length) * 8 + dtypeCodes[dtype];
}

/** The axes along which an input is broadcast, as bits, or that it has the output's shape. */
function relation(input: readonly number[], output: readonly number[]): number {
  let broadcast = 0;
  let same = input.length === output.length;
  for (let i = 1; i <= input.length; i++) {
    const length = input[input.length - i]!;
    const across = output[output.length - i] ?? 1;
    if (length !== across) same = false;
    if (length === 1 && across > 1) broadcast |= 1 << (input.length - i);
  }
  return same ? 64 : broadcast;
}

/** Workgroups along one axis that are too many for a device are spread over two: tfjs's shaders count on over both. */
export function spreadOverAxes(program: StockProgram): void {
  const [x, y, z] = program.dispatch;
  if (x <= workgroupsPerAxis || y > 1 || z > 1) return;
  const rows = Math.ceil(x / workgroupsPerAxis);
  program.dispatch = [Math.ceil(x / rows), rows, 1];
}
