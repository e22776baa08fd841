import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import { elementwise } from './elementwise.ts';

/**
 * WGSL of a function and its slope, on numbers of type `T` (`f32` or `vec4f`). Where a sum of a product would leave it to compilers whether to fuse,
 * `fma` says so: the value has the same bits at the end of a product and in a pass of its own.
 */
export interface ActivationCode {
  /** Of the shader, so that each is compiled once. */
  readonly name: string;
  /** Declares `value(x: T) -> T` and `slope(x: T) -> T`. */
  readonly functions: string;
}

/** Registers `y = value(x)` under the name, and `dx = dy · slope(x)` under the name with `Grad` behind it. */
export function registerActivation<Attrs extends object>(
  kernelName: string,
  codeFor: (attrs: Attrs) => ActivationCode,
): void {
  kernel<{ x: TensorInfo }, Attrs>(kernelName, ({ inputs: { x }, attrs, gpu }) =>
    elementwise(gpu, x, { ...codeFor(attrs), read: { x: [x, 'T'] }, result: 'value(x)' }),
  );
  kernel<{ dy: TensorInfo; x: TensorInfo }, Attrs>(`${kernelName}Grad`, ({ inputs: { dy, x }, attrs, gpu }) => {
    const { name, functions } = codeFor(attrs);
    const read = { dy: [dy, 'T'], x: [x, 'T'] } as const;
    return elementwise(gpu, x, { name: `${name}-grad`, functions, read, result: 'dy * slope(x)' });
  });
}
