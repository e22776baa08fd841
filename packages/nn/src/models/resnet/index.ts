export { BasicBlock, Bottleneck, type ResidualBlockOptions } from './blocks.ts';
export { ResNet, type ResNetOptions, resnetArchitectures } from './resnet.ts';
