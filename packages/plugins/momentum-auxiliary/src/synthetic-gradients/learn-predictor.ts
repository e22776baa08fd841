import { type Ledger, record, type Tape } from '@tapgrad/core';
import { add, keep, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { predictorLoss } from './math.ts';
import type { GradientPredictor } from './predictor.ts';

export interface PredictorLesson {
  /** Name under which its parameters are known to the stack. */
  readonly name: string;
  readonly predictor: GradientPredictor;
  readonly labels: Tensor | undefined;
  /** What crossed the cut. */
  readonly value: Tensor;
  /** What came back to it. */
  readonly gradient: Tensor;
  readonly weight: number;
}

/**
 * Differentiates the predictor's loss, and adds what its parameters get to the gradients of `tape`, on whose way back the
 * gradient has just come to the cut. A tape of its own: the predictor's first run, for the injection, kept nothing.
 */
export function learnPredictor(tape: Tape, ledger: Ledger, lesson: PredictorLesson): void {
  const { predictor, value, labels, gradient, weight } = lesson;
  const named = [...predictor.namedParameters()].map(
    ([name, { variable }]) => [`${lesson.name}.${name}`, variable] as const,
  );
  const parameters = Object.fromEntries(named.filter(([, variable]) => tape.tracks(variable)));
  if (Object.keys(parameters).length === 0 || weight === 0) return;
  const own = record(() => predictorLoss(predictor.call(value, labels), gradient), {
    parameters,
    onGradient: (dataId) => ledger.claim(dataId, 'gradients'),
  });
  try {
    own.tape.backward(own.value, { scale: weight });
    tape.giveGradients(new Map([...own.tape.takeGradients()].map(([name, made]) => [name, summed(tape, name, made)])));
  } finally {
    own.value.dispose();
    own.tape.dispose();
  }
}

/** With what another forward of the same step gave. */
function summed(tape: Tape, name: string, gradient: Tensor): Tensor {
  const before = tape.gradients.get(name);
  if (!before) return gradient;
  const total = keep(tidy(() => add(before, gradient)));
  before.dispose();
  gradient.dispose();
  return total;
}
