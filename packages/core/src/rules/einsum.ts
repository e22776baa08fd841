import { broadcastTo, type EinsumAttrs, einsum, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { TapgradError } from '../errors.ts';
import { rule } from './registry.ts';

interface Equation {
  readonly terms: readonly string[];
  readonly output: string;
}

function parse(equation: string): Equation {
  const [inputs, output] = equation.replaceAll(/\s/g, '').split('->') as [string, string];
  if (new Set(output).size !== output.length) {
    throw new TapgradError({
      code: 'EINSUM_REPEATED_LABEL',
      message: `einsum '${equation}' repeats a label in its output, which tfjs does not compute as numpy does`,
      op: 'Einsum',
      fix: 'build the diagonal with tf.diag, or multiply by an identity matrix',
    });
  }
  return { terms: inputs.split(','), output };
}

/** Brings a gradient over `labels` to `wanted`, copying it along the labels that were summed out alone. */
function spread(gradient: Tensor, labels: string, wanted: string, shape: readonly number[]): Tensor {
  if (labels === wanted) return gradient;
  const kept = reshape(
    gradient,
    [...wanted].map((label, axis) => (labels.includes(label) ? (shape[axis] as number) : 1)),
  );
  return broadcastTo(kept, [...shape]);
}

// tfjs takes one or two operands, without repeated labels in one of them.
rule<string, EinsumAttrs>('Einsum', {
  inputs: 'variadic',
  saves: (need, { attrs, count }) => {
    parse(attrs.equation);
    return count === 1 ? [] : [need['0'] && '1', need['1'] && '0'];
  },
  backward({ dy, saved, shapes, attrs, count }) {
    const { terms, output } = parse(attrs.equation);
    const gradientOf = (operand: number) => () => {
      const term = terms[operand] as string;
      const other = count === 1 ? undefined : (terms[1 - operand] as string);
      const labels = [...term].filter((label) => output.includes(label) || other?.includes(label)).join('');
      const gradient =
        other === undefined
          ? einsum(`${output}->${labels}`, dy)
          : einsum(`${output},${other}->${labels}`, dy, saved[String(1 - operand)] as Tensor);
      return spread(gradient, labels, term, shapes[String(operand)] as number[]);
    };
    return Object.fromEntries(terms.map((_, operand) => [String(operand), gradientOf(operand)]));
  },
});
