export {
  ConvNorm,
  InvertedResidual,
  type InvertedResidualOptions,
  type MobileNetLayerOptions,
} from './inverted-residual.ts';
export { MobileNetV2, type MobileNetV2Options } from './mobilenet-v2.ts';
