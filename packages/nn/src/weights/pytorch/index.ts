export { assignPyTorchWeights, type PyTorchName } from './assign.ts';
export { type HuggingFaceOptions, loadBert, loadViT } from './hugging-face.ts';
export { bertNames, mobilenetV2Names, vitNames } from './names.ts';
