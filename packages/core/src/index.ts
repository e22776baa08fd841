export { type ErrorDetails, TapgradError } from './errors.ts';
export { sumTo } from './rules/broadcast.ts';
import './rules/index.ts';

export * from './rules/registry.ts';
export { markBatchInput, markModified, markParameter } from './tape/buffer-marks.ts';
export type { BackwardOptions } from './tape/backward.ts';
export { detach, grad, type Parameters, type RecordOptions, record, valueAndGrad } from './tape/gradients.ts';
export { currentPhase, type Phase } from './tape/phase.ts';
export { untaped } from './tape/recorder.ts';
export { type SaveRequest, type Slot, SlotPlan, type SlotStage } from './tape/slot.ts';
export { Tape, type TapeOptions } from './tape/tape.ts';
export { gelu, type GeluApproximation, hardSwish, silu } from './ops/activations.ts';
export { attention, type AttentionOptions, attentionScores, mergeHeads, splitHeads } from './ops/attention.ts';
export { customRule } from './ops/custom-rule.ts';
export { dropout } from './ops/dropout.ts';
export { embedding } from './ops/embedding.ts';
export { layerNorm } from './ops/layer-norm.ts';
export { linear } from './ops/linear.ts';
export type { OwnOp } from './ops/own-op.ts';
export { rmsNorm } from './ops/rms-norm.ts';
export { softmaxCrossEntropy, type SoftmaxCrossEntropyOptions } from './ops/softmax-cross-entropy.ts';
export {
  currentRandom, manualSeed, type RandomContext, RandomStream, randomContext, randomStream, rememberRandom, withRandom,
} from './random.ts';
export { Module } from './module/module.ts';
export { BufferTensor, type LazyTensor, Parameter } from './module/parameter.ts';
export { pathMatcher } from './module/pattern.ts';
export type { BackwardTap, ForwardTap, TapContext } from './module/taps.ts';
export {
  Ledger, type MemoryBreakdown, type MemoryCategory, type MemoryPeak, type MemorySample, measureMemory, memoryCategories,
} from './ledger.ts';
export { checkpoint } from './tape/checkpoint.ts';
