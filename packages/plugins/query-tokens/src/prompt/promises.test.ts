import { texts, tinyText } from '../test-models.ts';
import { keepsItsPromises } from '../test-promises.ts';
import { promptTokens } from './index.ts';

const faults = ['layers.1.mlp:input', 'prompt-tokens/prompts:output', ':output'];

keepsItsPromises({
  name: 'a text encoder, shallow with a classifier of its own',
  plugin: () => promptTokens({ count: 3, mode: 'shallow', head: { classes: 3 } }),
  model: () => tinyText({ dropout: 0.1, attentionDropout: 0.1 }),
  batch: texts,
  faults: [...faults, 'prompt-tokens/classifier:output'],
});
