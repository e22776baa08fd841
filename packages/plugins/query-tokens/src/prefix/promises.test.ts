import { texts, tinyText } from '../test-models.ts';
import { keepsItsPromises } from '../test-promises.ts';
import { prefixTokens } from './index.ts';

keepsItsPromises({
  name: 'a text encoder, with dropout and a classifier of its own',
  plugin: () => prefixTokens({ count: 3, hidden: 5, dropout: 0.1, head: { classes: 3 } }),
  model: () => tinyText({ dropout: 0.1, attentionDropout: 0.1 }),
  batch: texts,
  faults: ['layers.1.mlp:input', 'prefix-tokens/prefix:output', ':output'],
});
