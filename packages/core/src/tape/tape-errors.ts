import type { Tensor } from '@tensorflow/tfjs-core';
import { TapgradError } from '../errors.ts';
import type { TapeNode, TrackedValue } from './node.ts';

export function graphNotCreatable(): TapgradError {
  return new TapgradError({
    code: 'GRAPH_NOT_CREATABLE',
    message: 'backward was asked to create a graph, but the tape did not record for that',
    fix: 'pass createGraph: true to record()',
  });
}

export function backwardRunning(): TapgradError {
  return new TapgradError({
    code: 'BACKWARD_RUNNING',
    message: 'backward was called on a tape while another backward runs on it',
    fix: 'await what backwardAsync returned; inside a tap or rule, record on a tape of its own',
  });
}

export function notTracked(): TapgradError {
  return new TapgradError({
    code: 'NOT_TRACKED',
    message: 'the value to differentiate does not depend on any parameter of this tape',
    fix: 'compute it inside record(), from the parameters given, and not under untaped() or detach()',
  });
}

export function notScalar(y: Tensor): TapgradError {
  return new TapgradError({
    code: 'NOT_SCALAR',
    message: `backward needs a scalar or a gradient to start from; y has shape [${y.shape}]`,
    fix: 'reduce it (tf.sum, tf.mean), or pass { gradient }',
  });
}

export function graphReleased(node: TapeNode): TapgradError {
  return new TapgradError({
    code: 'GRAPH_RELEASED',
    message: `backward reached ${node.kernel} a second time, after its saved values were freed`,
    op: node.kernel,
    modulePath: node.modulePath,
    fix: 'detach() the boundary between the two losses, or pass { retain: true } to the first backward',
  });
}

/** `op`: the kernel whose rule made the gradient, or what else did. */
export function gradientShape(gradient: Tensor, value: TrackedValue, op: string): TapgradError {
  return new TapgradError({
    code: 'GRADIENT_SHAPE',
    message: `a gradient of shape [${gradient.shape}] was made for a value of shape [${value.shape}]`,
    op,
    modulePath: value.node?.modulePath,
    fix: 'the rule or tap that made it must return the shape of the value',
  });
}

export function notFloating(value: Tensor, name: string): TapgradError {
  return new TapgradError({
    code: 'NOT_FLOATING',
    message: `parameter ${name} has dtype ${value.dtype}; only floating dtypes have gradients`,
    fix: 'pass float32 tensors',
  });
}

export function watchedTwice(first: string, second: string): TapgradError {
  return new TapgradError({
    code: 'WATCHED_TWICE',
    message: `one tensor was given as the parameters ${first} and ${second}`,
    fix: 'pass each parameter once, or detach() what shall count as another',
  });
}

export function tapeDisposed(): TapgradError {
  return new TapgradError({
    code: 'TAPE_DISPOSED',
    message: 'this tape was disposed while, or before, backward ran',
    fix: 'dispose it when backward (or what backwardAsync returned) is done',
  });
}
