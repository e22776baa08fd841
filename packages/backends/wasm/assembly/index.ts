export { activate } from './activate';
export {
  gelu, geluGrad, geluTanh, geluTanhGrad, hardSwish, hardSwishGrad, silu, siluGrad,
} from './activation';
export { attention, attentionGrad } from './attention';
export { gemmBatched, gemmWorkspace } from './gemm';
export { norm, normApply, normGrad } from './norm';
export { segmentSum } from './segment';
export { crossEntropy, crossEntropyDense, crossEntropyGrad, softmax } from './softmax';
export { adamW, addInPlace } from './update';
