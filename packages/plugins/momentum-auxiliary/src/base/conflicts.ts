/** Plugins that leave nothing of the model to train by parts: the backbone is frozen, and their output replaces the model's. */
const frozenBackbones = ['ladder', 'sherl', 'unipt', 'r2', 'query-tokens'].map((plugin) => ({
  plugin,
  why: 'its backbone is frozen, so that nothing is left to train by parts',
}));

/** Plugins that put tokens into blocks. */
const tokensInBlocks = ['prompt-tokens', 'prefix-tokens'].map((plugin) => ({
  plugin,
  why: 'the copies of a block would not see the tokens that it puts into blocks',
}));

/** Plugins that hold what a part gives to something when the forward has ended. */
const lossesOfFeatures = ['feature-distillation', 'anti-transfer'].map((plugin) => ({
  plugin,
  why: 'its loss needs the record of parts whose gradients were made, and which were freed, in the forward',
}));

/** Plugins whose step has more than one forward of the model. */
const extraForwards = ['der', 'derpp', 'zscl'].map((plugin) => ({
  plugin,
  why: 'its further forwards in a step would be trained, part by part, towards the labels of the batch',
}));

export const incompatible = [...frozenBackbones, ...tokensInBlocks, ...lossesOfFeatures, ...extraForwards];
