import { biasTuning, derivativeCodes, groupwiseCodes, s2a } from '@tapgrad/activation-compression';
import { useWasm } from '@tapgrad/backend-wasm';
import { ladder, sherl, unipt } from '@tapgrad/ladder';
import { prefixTokens, promptTokens, queryTokens } from '@tapgrad/query-tokens';
import * as tf from '@tensorflow/tfjs-core';
import { BufferMeter } from '../../buffer-meter.ts';
import { serve } from '../../serve.ts';
import { Encoder } from '../../step/networks/transformer/modules.ts';
import { transformerTask } from '../../step/networks/transformer/task.ts';
import { lora } from '../lora.ts';
import { only, type Plugins, trainWith } from '../training.ts';
import { measure, type Training } from '../usage.ts';

await useWasm();
const meter = new BufferMeter();
meter.open();
const task = transformerTask(1);

function train(prepare: (model: Encoder) => Plugins, derivedSlots = true): Training {
  const model = new Encoder();
  const data = { inputs: tf.tensor(task.inputs, [...task.inputShape]), targets: tf.tensor1d(task.labels, 'int32') };
  return trainWith(model, data, prepare(model), { derivedSlots });
}

const head = { classes: task.sizes.classes };
const methods: Readonly<Record<string, () => Training>> = {
  full: () => train(() => []),
  plainSlots: () => train(() => [], false),
  derivativeCodes: () => train(() => [derivativeCodes({ bits: 4 })]),
  groupwiseCodes: () => train(() => [derivativeCodes(), groupwiseCodes()]),
  s2a: () => train(() => [s2a({ structures: ['bias'] })]),
  lora: () => train(() => [lora({ at: 'layers.*.attention.qkv', rank: 8, alpha: 16, trains: 'head.**' })]),
  prompts: () => train(() => [promptTokens({ count: 10, patchSize: 16 })]),
  prefix: () => train(() => [prefixTokens({ count: 10, parametrization: 'direct' })]),
  queries: () => train(() => [queryTokens({ count: 10, head, patchSize: 16 })]),
  bias: () => train(() => [biasTuning()]),
  ladder: () => train(() => [ladder({ reduction: 8, init: 'random', head })]),
  sherl: () => train(() => [sherl({ reduction: 8, head })]),
  unipt: () => train(() => [unipt({ reduction: 8, head })]),
  head: () => train((model) => only(model, 'head.*')),
};

serve(
  Object.fromEntries(
    Object.entries(methods).map(([name, make]) => [name, (steps: number) => measure(make(), meter, steps)]),
  ),
);
