export { localLearning } from './local-learning/index.ts';
export type { LocalLearningOptions } from './local-learning/options.ts';
export { momentumAuxiliary } from './man/index.ts';
export type { MomentumAuxiliaryOptions } from './man/options.ts';
export { syntheticGradients } from './synthetic-gradients/index.ts';
export type { SyntheticGradientsOptions } from './synthetic-gradients/options.ts';
