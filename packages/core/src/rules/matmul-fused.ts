import { add, matMul } from '@tensorflow/tfjs-core';
import { sumTo } from './broadcast.ts';
import { type ActivationAttributes, activationSource, slopeGradient, throughActivation } from './fused-activation.ts';
import { leftGradient, type MatMulAttributes, rightGradient } from './matmul.ts';
import { rule } from './registry.ts';

type Operand = 'a' | 'b' | 'bias' | 'preluActivationWeights';

/** `act(a · b + bias)`: a frozen weight saves nothing of the input, and only bias trained saves at most the output. */
rule<Operand, MatMulAttributes & ActivationAttributes>('_FusedMatMul', {
  inputs: ['a', 'b', 'bias', 'preluActivationWeights'],
  saves: (need, { attrs, shapes }) => {
    const source = activationSource(attrs);
    const again = source === 'preactivation';
    return [
      (need.b || again) && 'a',
      (need.a || again) && 'b',
      again && shapes.bias !== undefined && 'bias',
      attrs.activation === 'prelu' && 'preluActivationWeights',
      source === 'output' && 'y',
    ];
  },
  backward: (context) => {
    const { dy, saved, shapes, attrs } = context;
    const preactivation = () => {
      const product = matMul(saved.a, saved.b, attrs.transposeA, attrs.transposeB);
      return shapes.bias === undefined ? product : add(product, saved.bias);
    };
    const again = activationSource(attrs) === 'preactivation';
    const z = again ? preactivation() : undefined;
    const slopes = attrs.activation === 'prelu' ? saved.preluActivationWeights : undefined;
    const dz = throughActivation(dy, attrs, () => z ?? saved.y, slopes);
    return {
      a: () => leftGradient(dz, context),
      b: () => rightGradient(dz, context),
      bias: () => sumTo(dz, shapes.bias),
      preluActivationWeights: z && (() => slopeGradient(dy, z, shapes.preluActivationWeights)),
    };
  },
});
