import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { type Attributes, scoped } from '../engine-seam.ts';
import { runKernelIfAny } from '../ops/own-op.ts';
import { rule } from './registry.ts';

/** An elementwise function of one tensor, given by its derivative as a function of its input or output. */
export interface ElementwiseSpec<A = Attributes> {
  /** Which value the derivative is a function of. */
  readonly from: 'x' | 'y';
  derivative(value: Tensor, attrs: A): Tensor;
  /** The kernel's name for its input; default `x`. */
  readonly input?: string;
  /** Name of the kernel that gives dx of dy and the value in one pass, where a backend has it. */
  readonly fused?: string;
}

/** Registers `dx = dy · f'(v)`, with v the input or the output; plugins may keep a code of f'(v) instead of v. */
export function elementwise<A extends object = Attributes>(kernel: string, spec: ElementwiseSpec<A>): void {
  const input = spec.input ?? 'x';
  const from = spec.from === 'x' ? input : 'y';
  rule<string, A>(kernel, {
    inputs: [input],
    role: 'derivative',
    cheap: true,
    saves: () => [from],
    backward: (context) => ({
      [input]: () => {
        const coded = context.timesCoded(from);
        if (coded) return coded;
        const value = context.saved[from] as Tensor;
        const whole = spec.fused && runKernelIfAny(spec.fused, { dy: context.dy, [from]: value }, context.attrs);
        if (whole) return whole as Tensor;
        const slope = scoped(() => spec.derivative(value, context.attrs));
        if (slope !== value) context.release(from);
        return mul(context.dy, slope);
      },
    }),
  });
}
