import {
  add,
  type DepthwiseConv2dNativeAttrs,
  type FusedConv2DAttrs,
  reshape,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { sumTo } from './broadcast.ts';
import { conv2dFilterGradient, conv2dInputGradient } from './conv.ts';
import { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise-conv.ts';
import { activationSource, slopeGradient, throughActivation } from './fused-activation.ts';
import { runKernel } from './kernel.ts';
import { rule } from './registry.ts';

type Operand = 'x' | 'filter' | 'bias' | 'preluActivationWeights';
type InputGradient = (dy: Tensor, filter: Tensor, shape: readonly number[], attrs: FusedConv2DAttrs) => Tensor;
type FilterGradient = (x: Tensor, dy: Tensor, shape: readonly number[], attrs: FusedConv2DAttrs) => Tensor;

fusedConvolution('FusedConv2D', 'Conv2D', conv2dInputGradient, conv2dFilterGradient);
fusedConvolution('FusedDepthwiseConv2D', 'DepthwiseConv2dNative', depthwiseInputGradient, depthwiseFilterGradient);

/** `act(convolution(x, filter) + bias)`: a frozen filter saves nothing of the input, only a trained bias at most the output. */
function fusedConvolution(fused: string, plain: string, input: InputGradient, filter: FilterGradient): void {
  rule<Operand, FusedConv2DAttrs & DepthwiseConv2dNativeAttrs>(fused, {
    inputs: ['x', 'filter', 'bias', 'preluActivationWeights'],
    saves: (need, { attrs, shapes }) => {
      const source = activationSource(attrs);
      const again = source === 'preactivation';
      return [
        (need.filter || again) && 'x',
        (need.x || again) && 'filter',
        again && shapes.bias && 'bias',
        attrs.activation === 'prelu' && 'preluActivationWeights',
        source === 'output' && 'y',
      ];
    },
    backward({ dy, saved, shapes, attrs }) {
      const preactivation = () => {
        const convolved = runKernel(plain, { x: saved.x, filter: saved.filter }, attrs);
        return shapes.bias ? add(convolved, alignChannels(saved.bias, attrs)) : convolved;
      };
      const z = activationSource(attrs) === 'preactivation' ? tidy(preactivation) : undefined;
      const slopes = attrs.activation === 'prelu' ? alignChannels(saved.preluActivationWeights, attrs) : undefined;
      const dz = throughActivation(dy, attrs, () => z ?? saved.y, slopes);
      return {
        x: () => input(dz, saved.filter, shapes.x, attrs),
        filter: () => filter(saved.x, dz, shapes.filter, attrs),
        bias: () => reshape(sumTo(dz, alignedShape(shapes.bias, attrs)), shapes.bias),
        preluActivationWeights:
          z &&
          (() => {
            const { preluActivationWeights: shape } = shapes;
            return reshape(slopeGradient(dy, z, alignedShape(shape, attrs)), shape);
          }),
      };
    },
  });
}

/** A vector over channels is aligned with them in channels-first data too. */
function alignedShape(shape: readonly number[], { dataFormat }: FusedConv2DAttrs): number[] {
  return dataFormat === 'NCHW' && shape.length === 1 && shape[0] !== 1 ? [...shape, 1, 1] : [...shape];
}

function alignChannels(vector: Tensor, attrs: FusedConv2DAttrs): Tensor {
  return reshape(vector, alignedShape(vector.shape, attrs));
}
