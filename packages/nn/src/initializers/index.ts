export { seedInitialValues, withoutInitialValues } from './build.ts';
export { depthwiseFans, type Fans, fansOf } from './fans.ts';
export {
  constant,
  type Initializer,
  kaimingNormal,
  type KaimingOptions,
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
