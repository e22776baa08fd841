import type { Tensor } from '@tensorflow/tfjs-core';
import { scoped, shareBuffer } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';
import { type RandomContext, rememberRandom, withRandom } from '../random.ts';
import type { Rule } from '../rules/registry.ts';
import { record } from './gradients.ts';
import { inPhase } from './phase.ts';
import { isVariable, recording, recordingTapes } from './recorder.ts';
import { Tape } from './tape.ts';

/**
 * Runs `f` without keeping what it saves, and runs it again in backward (Chen et al. 2016), with the same random draws.
 * Hooks see `phase: 'recompute'` the second time. Keeps the inputs alone.
 * Activations that `f` needs must be passed as `inputs`; parameters may be used freely.
 * @throws TapgradError CHECKPOINT_CAPTURE if `f` uses a tracked activation that was not passed in
 */
export function checkpoint<In extends readonly Tensor[], Out extends Tensor>(
  f: (...inputs: In) => Out,
  ...inputs: In
): Out {
  const tapes = recordingTapes();
  const tape = tapes[0];
  if (!tape) return f(...inputs);
  // Derivatives of derivatives differentiate the segment itself.
  if (tapes.length > 1 || tape.createGraph) return f(...inputs);
  const random = rememberRandom();
  const { output, captured } = dryRun(tape, f, inputs);
  const operands = [...inputs, ...captured.filter((each) => !inputs.some((input) => input.id === each.id))];
  tape.record({
    kernel: 'checkpoint',
    rule: rerunRule(f, inputs.length, operands, random),
    inputs: Object.fromEntries(operands.map((operand, index) => [String(index), operand])),
    attrs: {},
    outputs: [output],
  });
  return output;
}

/** Runs `f` once, keeping nothing, and finds which values that `tape` tracks it used. */
function dryRun<In extends readonly Tensor[], Out extends Tensor>(
  tape: Tape,
  f: (...inputs: In) => Out,
  inputs: In,
): { output: Out; captured: Tensor[] } {
  const captured: Tensor[] = [];
  const probe = new Tape({
    keepNothing: true,
    capture(value) {
      if (!tape.tracks(value)) return false;
      captured.push(value);
      return true;
    },
  });
  tape.paused = true;
  try {
    const made = scoped(() => recording(probe, () => f(...inputs)));
    for (const value of captured) {
      if (isParameter(value, tape) || inputs.some((input) => input.id === value.id)) continue;
      throw new TapgradError({
        code: 'CHECKPOINT_CAPTURE',
        message: `a checkpointed function used an activation of shape [${value.shape}] that was not passed to it`,
        fix: 'pass every tracked activation as an argument of checkpoint(f, ...inputs)',
      });
    }
    return { output: inputs.includes(made) ? shareBuffer(made) : made, captured };
  } finally {
    tape.paused = false;
    probe.dispose();
  }
}

function isParameter(value: Tensor, tape: Tape): boolean {
  return isVariable(value) || tape.valueOf(value)?.leaf !== undefined;
}

function rerunRule<In extends readonly Tensor[]>(
  f: (...inputs: In) => Tensor,
  count: number,
  operands: readonly Tensor[],
  random: RandomContext,
): Rule {
  const names = operands.map((_, index) => String(index));
  // Parameters are read through the model again, not through the saved handle; saving them checks their version.
  const parametersByName = new Map(names.map((name, index) => [name, operands[index] as Tensor]));
  return {
    inputs: 'variadic',
    saves: () => names,
    backward({ dy, saved, need }) {
      const restored = names.map((name, index) =>
        index < count
          ? shareBuffer(saved[name] as Tensor)
          : unchanged(saved[name] as Tensor, parametersByName.get(name) as Tensor),
      );
      const wanted = names.filter((name) => need[name]);
      const parameters = Object.fromEntries(wanted.map((name) => [name, restored[Number(name)] as Tensor]));
      const replay = { ...random, draws: new Map(random.draws) };
      const { value, tape } = inPhase('recompute', () =>
        withRandom(replay, () => record(() => f(...(restored.slice(0, count) as unknown as In)), { parameters })),
      );
      try {
        // Backward needs its place on the tape, not its buffer.
        if (!restored.includes(value)) value.dispose();
        tape.backward(value, { gradient: dy });
        const gradients = [...tape.gradients].map(([name, gradient]) => [name, shareBuffer(gradient)] as const);
        return Object.fromEntries(gradients.map(([name, gradient]) => [name, () => gradient]));
      } finally {
        tape.dispose();
      }
    },
  };
}

/** The parameter itself, which `f` will read; it must still hold what it held in forward. */
function unchanged(saved: Tensor, parameter: Tensor): Tensor {
  if (saved.dataId === parameter.dataId) return parameter;
  throw new TapgradError({
    code: 'SAVED_VALUE_MODIFIED',
    message: `a parameter of shape [${parameter.shape}], used in a checkpointed function, was assigned before backward`,
    op: 'checkpoint',
    fix: 'update parameters after backward, or run forward again',
  });
}
