import { texts, tinyText } from '../test-models.ts';
import { keepsItsPromises } from '../test-promises.ts';
import { queryTokens } from './index.ts';

const faults = ['layers.1.mlp:input', 'query-tokens/queries.layers.1:output', 'query-tokens/head:output', ':output'];

keepsItsPromises({
  name: 'a text encoder, with all options',
  plugin: () =>
    queryTokens({
      count: 2,
      head: { classes: 3 },
      pooling: 'weighted',
      keep: 'recompute',
      groupLasso: 1e-4,
      features: [0, 2, 5, 8, 9, 10, 17, 20],
    }),
  model: () => tinyText({ dropout: 0.1, attentionDropout: 0.1 }),
  batch: texts,
  faults,
});
