export type { BlockShape } from './base/block-width.ts';
export { ladder } from './lst/index.ts';
export { gate, gateSlope } from './lst/math.ts';
export type { LadderOptions } from './lst/options.ts';
export type { PruningStep } from './lst/pruning-step.ts';
export type { Narrowable, NarrowOptions, SideBlock } from './lst/side-block.ts';
export { sherl } from './sherl/index.ts';
export type { SherlOptions } from './sherl/options.ts';
