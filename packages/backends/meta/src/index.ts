export type { BatchDescription, TensorDescription } from './plan/described-batch.ts';
export { type PlanOptions, plan } from './plan/plan.ts';
export { type StepMemory, stepMemory } from './plan/step-memory.ts';
export { useMeta } from './use-meta.ts';
