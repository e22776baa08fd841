import { untaped } from '@tapgrad/core';
import {
  exp,
  getKernel,
  type KernelConfig,
  log,
  max,
  registerKernel,
  sub,
  sum,
  type Tensor,
  tidy,
  tile,
} from '@tensorflow/tfjs-core';

/**
 * Registers, composed from other ops, the kernels that tfjs-core names and has gradients for, but that no op of it
 * dispatches and no backend of tfjs implements, so that their rules can be checked: BroadcastTo, LogSoftmax.
 */
export function registerComposedKernels(backendName: string): void {
  registerMissing({
    kernelName: 'BroadcastTo',
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const x = inputs.x as Tensor;
      const shape = (attrs as unknown as { shape: number[] }).shape;
      return tile(
        x,
        shape.map((extent, axis) => extent / x.shape[axis]!),
      );
    },
  });
  registerMissing({
    kernelName: 'LogSoftmax',
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { axis } = attrs as unknown as { axis: number };
      return untaped(() =>
        tidy(() => {
          const logits = inputs.logits as Tensor;
          const shifted = sub(logits, max(logits, axis, true));
          return sub(shifted, log(sum(exp(shifted), axis, true)));
        }),
      );
    },
  });
}

function registerMissing(config: KernelConfig): void {
  if (!getKernel(config.kernelName, config.backendName)) registerKernel(config);
}
