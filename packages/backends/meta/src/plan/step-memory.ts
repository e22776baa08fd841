import type { Batch, MemoryPeak, OffDeviceBytes, Stack } from '@tapgrad/core';

/** What one training step holds. */
export interface StepMemory {
  /** The most bytes held at one time, parameters and optimizer state included, and what held them. */
  readonly peak: MemoryPeak;
  /** The most bytes that were kept for backward at one time: as a rule, those at the end of the forward. */
  readonly savedBytes: number;
  /** The most bytes that were kept elsewhere, for backward, apart from all others here. */
  readonly offDevice: OffDeviceBytes;
  /** Elements in all parameters, those of plugins included. */
  readonly parameters: number;
  /** Elements in the parameters that train. */
  readonly trainableParameters: number;
}

/**
 * Takes two steps with a stack, on whatever backend its model lives, and says what the second one held. The first makes
 * what is made once: the optimizer's state, initial values.
 */
export async function stepMemory<Outputs>(stack: Stack<Outputs>, batch: Batch): Promise<StepMemory> {
  await (await stack.step(batch)).loss;
  stack.ledger.resetPeak();
  await (await stack.step(batch)).loss;
  const count = (parameters: Iterable<{ readonly size: number }>) =>
    [...parameters].reduce((sum, { size }) => sum + size, 0);
  return {
    peak: stack.ledger.peak(),
    savedBytes: stack.ledger.most().saved,
    offDevice: stack.ledger.offDevice.most(),
    parameters: count(stack.namedParameters().values()),
    trainableParameters: count(stack.trainableParameters().values()),
  };
}
