export { ladder } from './lst/index.ts';
export { gate, gateSlope } from './lst/math.ts';
export type { LadderOptions } from './lst/options.ts';
export type { PruningStep } from './lst/pruning-step.ts';
export type { BlockShape, Narrowable, NarrowOptions, SideBlock } from './lst/side-block.ts';
