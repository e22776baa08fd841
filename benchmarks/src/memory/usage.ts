import type { BufferMeter } from '../buffer-meter.ts';

export const learningRate = 1e-3;

/** What training by one method holds and takes. */
export interface Usage {
  readonly trainableParameters: number;
  /** Most bytes of unique buffers in a step: weights, gradients, optimizer state, saved values and all else. */
  readonly peak: number;
  /** Bytes alive when the loss is known, less what is alive between steps: what the forward keeps for backward. */
  readonly saved: number;
  readonly milliseconds: readonly number[];
}

/** A method at work on the step benchmark's network. */
export interface Training {
  readonly trainableParameters: number;
  /** One update. Calls `lossKnown` between forward and backward. */
  step(lossKnown: () => void): void | Promise<void>;
  dispose(): void;
}

/** Measures one method. The first step makes the optimizer's state and warms up. */
export async function measure(training: Training, meter: BufferMeter, steps: number): Promise<Usage> {
  const nothing = () => {};
  const milliseconds: number[] = [];
  try {
    await training.step(nothing);
    const resident = meter.now;
    let atLoss = resident;
    meter.resetPeak();
    await training.step(() => {
      atLoss = meter.now;
    });
    const { peak } = meter;
    for (let step = 0; step < steps; step++) {
      const begun = performance.now();
      await training.step(nothing);
      milliseconds.push(performance.now() - begun);
    }
    return { trainableParameters: training.trainableParameters, peak, saved: atLoss - resident, milliseconds };
  } finally {
    training.dispose();
  }
}
