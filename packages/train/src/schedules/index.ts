export { type OneCycleOptions, oneCycle, product, sequence, warmup } from './compose.ts';
export { constant, cosine, type DecayOptions, linear, polynomial, stepped } from './decay.ts';
export type { Schedule, ScheduleStep } from './schedule.ts';
