export { activate } from './activate';
export { gemmBatched, gemmWorkspace } from './gemm';
