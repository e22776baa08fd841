import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';

interface Attrs {
  readonly labelSmoothing: number;
}
interface Inputs {
  /** `[rows, classes]`. */
  readonly logits: TensorInfo;
  /** int32 `[rows]`; the forward kernel also takes float32 `[rows, classes]`. */
  readonly labels: TensorInfo;
}
interface GradInputs extends Inputs {
  readonly dy: TensorInfo;
  readonly logSumExp: TensorInfo;
}

export function registerCrossEntropy(): void {
  kernel<Inputs, Attrs>('tapgrad.SoftmaxCrossEntropy', ({ inputs: { logits, labels }, attrs, heap }) => {
    const [rows, classes] = logits.shape as [number, number];
    const [loss, logSumExp] = [heap.output([rows]), heap.output([rows])];
    const forward = labels.shape.length === 2 ? heap.kernels.crossEntropyDense : heap.kernels.crossEntropy;
    forward(rows, classes, heap.at(logits), heap.at(labels), attrs.labelSmoothing, heap.at(loss), heap.at(logSumExp));
    return [loss, logSumExp];
  });
  kernel<GradInputs, Attrs>('tapgrad.SoftmaxCrossEntropyGrad', ({ inputs, attrs, heap }) => {
    const { dy, logits, labels, logSumExp } = inputs;
    const [rows, classes] = logits.shape as [number, number];
    const dx = heap.output(logits.shape);
    heap.kernels.crossEntropyGrad(
      rows,
      classes,
      heap.at(dy),
      heap.at(logits),
      heap.at(labels),
      heap.at(logSumExp),
      attrs.labelSmoothing,
      heap.at(dx),
    );
    return dx;
  });
}
