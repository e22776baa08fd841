export { type Planned, type PlanRequest, planModel } from './plan/plan-model.ts';
export { type Output, run } from './run.ts';
