export { activate } from './activate';
export {
  gelu, geluGrad, geluTanh, geluTanhGrad, hardSwish, hardSwishGrad, reluGrad, silu, siluGrad,
} from './activation';
export { adamW, addInPlace } from './update';
export { attention, attentionGrad } from './attention';
export { crossEntropy, crossEntropyDense, crossEntropyGrad, softmax } from './softmax';
export { depthwise, depthwiseGrad, imageToRows, rowsToImage } from './conv';
export { elu, erf, exp, extremum, log, tanh } from './elementwise';
export { gather, stridedCopy } from './layout';
export { gemmBatched, gemmWorkspace } from './gemm';
export { averagePool, maxPool, maxPoolGrad } from './pool';
export { norm, normApply, normGrad } from './norm';
export { segmentSum } from './segment';
export { sumMiddle } from './reduce';
export { batchNorm, batchNormGrad } from './batch-norm';
export { compare, logic } from './compare';
export { packBits, unpackBits } from './code-words';
export { packDerivative, unpackDerivative } from './derivative-codes';
export { packGroups, unpackGroups } from './group-codes';
export { packSparse, unpackSparse } from './sparse';
