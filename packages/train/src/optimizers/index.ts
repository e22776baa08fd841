export { type AdamOptions, adam, adamw } from './adam.ts';
export type { DecayFilter } from './decay.ts';
export { NamedStateOptimizer, type ParameterState, type ParameterUpdate } from './named-state.ts';
export type { RateFactors } from './rates.ts';
export { type SgdOptions, sgd } from './sgd.ts';
