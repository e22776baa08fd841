export { initialParameter, seedInitialValues, withoutInitialValues } from './build.ts';
export { depthwiseFans, type Fans, fansOf } from './fans.ts';
export {
  constant,
  type Initializer,
  type KaimingOptions,
  kaimingNormal,
  kaimingUniform,
  normal,
  ones,
  orthogonal,
  truncatedNormal,
  uniform,
  xavierNormal,
  xavierUniform,
  zeros,
} from './initializers.ts';
