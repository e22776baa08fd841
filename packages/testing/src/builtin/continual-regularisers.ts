import { antiTransfer, ewc, featureDistillation, lwf, onlineEwc, si } from '@tapgrad/continual';
import type { PluginSpec } from '../plugin/plugin-spec.ts';
import { afterFirstTask } from '../plugin/tasks.ts';
import { tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';

const [text, vision, convolutions] = [tinyTextEncoder, tinyVisionTransformer, tinyResNet].map(afterFirstTask) as [
  typeof tinyTextEncoder,
  typeof tinyVisionTransformer,
  typeof tinyResNet,
];

const lwfSpec: PluginSpec = {
  name: 'lwf',
  uses: [
    { on: text, plugins: () => lwf(), atZero: () => lwf({ alpha: 0 }) },
    { on: vision, plugins: () => lwf({ variant: 'reference-code', squaredTemperature: true }) },
    // A pair is tried with the first use on a model: while the head alone is warmed up, nothing else has a gradient.
    { on: vision, plugins: () => lwf({ warmUp: 1 }) },
  ],
  gradients: 'exact',
};

const featureDistillationSpec: PluginSpec = {
  name: 'feature-distillation',
  uses: [
    { on: vision, plugins: () => featureDistillation(), atZero: () => featureDistillation({ alpha: 0 }) },
    { on: text, plugins: () => featureDistillation({ distance: 'cosine' }) },
    { on: convolutions, plugins: () => featureDistillation({ at: ['layer*.*', 'fc:input'] }) },
  ],
  gradients: 'exact',
};

const ewcSpec: PluginSpec = {
  name: 'ewc',
  uses: [
    { on: text, plugins: () => ewc({ samples: 'all' }), atZero: () => ewc({ lambda: 0 }) },
    { on: vision, plugins: () => ewc({ variant: 'reference-code', labels: 'sampled', batchSize: 2 }) },
  ],
  gradients: 'exact',
};

const onlineEwcSpec: PluginSpec = {
  name: 'online-ewc',
  uses: [
    { on: vision, plugins: () => onlineEwc({ gamma: 0.9 }), atZero: () => onlineEwc({ lambda: 0 }) },
    {
      on: text,
      plugins: () => onlineEwc({ variant: 'reference-code', labels: 'sampled', sampledFrom: 'task', samples: 5 }),
    },
  ],
  gradients: 'exact',
};

const siSpec: PluginSpec = {
  name: 'si',
  uses: [
    { on: text, plugins: () => si(), atZero: () => si({ c: 0 }) },
    { on: vision, plugins: () => si({ nonNegative: true, xi: 1 }) },
  ],
  gradients: 'exact',
};

/** What the model is kept unlike; made anew for each try, and disposed with the plugin. */
const network = () => tinyResNet.model();

const antiTransferSpec: PluginSpec = {
  name: 'anti-transfer',
  uses: [
    {
      on: tinyResNet,
      plugins: () => antiTransfer({ network, at: 'layer1.*' }),
      atZero: () => antiTransfer({ network, at: 'layer1.*', beta: 0 }),
    },
    {
      on: tinyTextEncoder,
      plugins: () =>
        antiTransfer({ network: () => tinyTextEncoder.model(), at: 'layers.1', aggregation: 'stochastic-pairwise' }),
    },
    {
      on: tinyVisionTransformer,
      plugins: () =>
        antiTransfer({
          network: () => tinyVisionTransformer.model(),
          at: ['layers.0', 'head:input'],
          aggregation: 'sum',
          distance: 'minus-sigmoid-mse',
        }),
    },
  ],
  gradients: 'exact',
};

/** One declaration for each penalty of `@tapgrad/continual`. */
export const continualRegulariserSpecs: readonly PluginSpec[] = [
  lwfSpec,
  featureDistillationSpec,
  ewcSpec,
  onlineEwcSpec,
  siSpec,
  antiTransferSpec,
];
