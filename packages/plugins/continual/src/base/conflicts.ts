/** For what asks for the gradient of the user's own loss: plugins that put another loss in its place. */
export const lossesOfTheirOwn = [
  {
    plugin: 'r2',
    why: "r2 trains by a loss of its own, and nothing that trains is behind the user's, whose gradient is needed",
  },
];

/** For what reads or keeps image-text models: heads of classifiers, which those do not have. */
export const classifierHeads = ['growing-head', 'lingocl', 'prd'].map((plugin) => ({
  plugin,
  why: 'an image-text model has texts in the place of a head for classes',
}));
