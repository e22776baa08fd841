export { isDataless } from './dataless.ts';
export { shareIfAlive } from './engine-seam.ts';
export { type ErrorDetails, TapgradError } from './errors.ts';
export { type HostTransfer, type HostValues, hostTransfer } from './host-transfer.ts';
export { sumTo } from './rules/broadcast.ts';

import './rules/index.ts';

export type { DeviceMemory } from './backend-memory.ts';
export type { PluginHooks, SaveFilter, Untap } from './hooks/plugin-hooks.ts';
export type {
  BackwardContext,
  Batch,
  Differentiated,
  GradientContext,
  GradientMap,
  LifeCycle,
  LifeCycleContext,
  LossContext,
  LossTerms,
  StepContext,
  Task,
  UpdateContext,
} from './hooks/types.ts';
export {
  Ledger,
  type MemoryBreakdown,
  type MemoryCategory,
  type MemoryPeak,
  type MemorySample,
  measureMemory,
  memoryCategories,
} from './ledger.ts';
export { Module } from './module/module.ts';
export { BufferTensor, type LazyTensor, Parameter } from './module/parameter.ts';
export { pathMatcher } from './module/pattern.ts';
export type { BackwardTap, ForwardTap, TapContext } from './module/taps.ts';
export { type OffDeviceBytes, OffDeviceCount, type OffDevicePlace } from './off-device.ts';
export { activatingLinear, type FusibleActivation } from './ops/activated-linear.ts';
export { type GeluApproximation, gelu, hardSwish, silu } from './ops/activations.ts';
export { type AttentionOptions, attention } from './ops/attention.ts';
export { attentionScores, mergeHeads, splitHeads } from './ops/attention-scores.ts';
export { customRule } from './ops/custom-rule.ts';
export { dropout } from './ops/dropout.ts';
export { embedding } from './ops/embedding.ts';
export { layerNorm } from './ops/layer-norm.ts';
export { linear } from './ops/linear.ts';
export { type OwnOp, runKernelIfAny } from './ops/own-op.ts';
export { rmsNorm } from './ops/rms-norm.ts';
export { type SoftmaxCrossEntropyOptions, softmaxCrossEntropy } from './ops/softmax-cross-entropy.ts';
export { attach } from './plugin/attach.ts';
export type { ForwardPass, PluginContext, TaskGradientsOptions, TaskTerms } from './plugin/context.ts';
export {
  checkedOptions,
  definePlugin,
  type Plugin,
  type PluginDeclaration,
  type PluginDefinition,
  type PluginFactory,
  type PluginInstance,
  type PluginState,
} from './plugin/define-plugin.ts';
export type { Evaluation, EvaluationDetails, Metric } from './plugin/evaluate.ts';
export type { Optimizer } from './plugin/optimizer.ts';
export type { Loss, Stack, StackOptions } from './plugin/stack.ts';
export type { StackJson, StackState, StatePart } from './plugin/stack-state.ts';
export type { StandardSchema } from './plugin/standard-schema.ts';
export type { StepResult } from './plugin/step.ts';
export {
  currentRandom,
  manualSeed,
  type RandomContext,
  RandomStream,
  randomContext,
  randomStream,
  rememberRandom,
  withRandom,
} from './random.ts';
export { type RememberedScope, rememberScope } from './remembered-scope.ts';
export { type ElementwiseSpec, elementwise } from './rules/elementwise-rule.ts';
export * from './rules/registry.ts';
export { ParameterVector, type VectorSegment } from './services/parameter-vector.ts';
export { batchSize, disposeBatch, sampleOf } from './services/per-sample.ts';
export { shadow } from './services/shadow.ts';
export { copyOf, Snapshot } from './services/snapshot.ts';
export type { StackSnapshot, StackSnapshotOptions } from './services/stack-snapshot.ts';
export type { BackwardOptions } from './tape/backward.ts';
export { markBatchInput, markModified, markParameter } from './tape/buffer-marks.ts';
export { checkpoint } from './tape/checkpoint.ts';
export { detach, grad, type Parameters, type RecordOptions, record, valueAndGrad } from './tape/gradients.ts';
export { currentPhase, type Phase } from './tape/phase.ts';
export { untaped } from './tape/recorder.ts';
export { type SaveRequest, type Slot, SlotPlan, type SlotStage } from './tape/slot.ts';
export { Tape, type TapeOptions } from './tape/tape.ts';
export { coreVersion } from './version.ts';
