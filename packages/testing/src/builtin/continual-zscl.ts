import { weightAveraging, zscl } from '@tapgrad/continual';
import type { PluginSpec } from '../plugin/plugin-spec.ts';
import { afterFirstTask } from '../plugin/tasks.ts';
import { tinyDualEncoder, tinyImages, tinyTexts } from './dual-encoder.ts';
import { tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';

/** Of no task. */
const reference = (step: number) => ({ images: tinyImages(1000 + step), texts: tinyTexts(1000) });
const onTask = afterFirstTask(tinyDualEncoder);

const zsclSpec: PluginSpec = {
  name: 'zscl',
  uses: [
    {
      on: onTask,
      plugins: () => zscl({ reference, l2: 0.1 }),
      atZero: () => zscl({ reference, imageWeight: 0, textWeight: 0, trainScale: true }),
    },
    { on: onTask, plugins: () => zscl({ reference, variant: 'reference-code', trainScale: true }) },
    { on: onTask, plugins: () => zscl({ reference: { images: 'batch', texts: 'batch' }, teacher: 'task' }) },
  ],
  gradients: 'exact',
};

const averaged = (every = 2) => weightAveraging({ every, evaluate: 'average' });

const weightAveragingSpec: PluginSpec = {
  name: 'weight-averaging',
  uses: [
    {
      on: afterFirstTask(tinyResNet),
      // With a point every second update the first task ends at weights where, in float32, kinks of the network's own ReLUs hide
      // its gradient from central differences; in float64 they agree.
      plugins: () => averaged(1),
      atZero: () => weightAveraging({ mode: 'wise', alpha: 1 }),
    },
    { on: afterFirstTask(tinyTextEncoder), plugins: () => averaged() },
    { on: afterFirstTask(tinyVisionTransformer), plugins: () => weightAveraging({ mode: 'ema', decay: 0.9 }) },
    { on: onTask, plugins: () => weightAveraging({ mode: 'wise', alpha: 0.8 }) },
  ],
  gradients: 'exact',
};

/** One declaration per method of `@tapgrad/continual` that keeps what a model could do before it learned any task. */
export const continualZsclSpecs: readonly PluginSpec[] = [zsclSpec, weightAveragingSpec];
