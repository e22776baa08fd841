/** What each figure of the report means. Shares of 1. */
export const metricAbouts = {
  averageAccuracy: ['average accuracy', 'over all tasks, at the end'],
  learningAccuracy: ['learning accuracy', 'of each task right after it was learnt'],
  forgetting: ['forgetting', 'from the best accuracy of a task to its last'],
  backwardTransfer: ['backward transfer', 'what later tasks did for earlier ones'],
  forwardTransfer: ['forward transfer', 'over the untrained model, before a task is learnt'],
  minimumAccuracy: ['lowest accuracy', 'of each earlier task while later ones were learnt'],
} as const;
export type MetricName = keyof typeof metricAbouts;
