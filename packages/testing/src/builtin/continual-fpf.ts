import { fpf, kFpf, memory } from '@tapgrad/continual';
import type { PluginSpec, PluginUse } from '../plugin/plugin-spec.ts';
import { afterFirstTask } from '../plugin/tasks.ts';
import { tinyInvertedResiduals, tinyTextEncoder, tinyVisionTransformer } from './models.ts';

const kept = () => memory({ samples: 6 });
const phase = { length: { steps: 2 }, batchSize: 4, momentum: 0.5 } as const;
/** A phase that changes nothing. */
const still = { ...phase, learningRate: 0, updateStatistics: false } as const;

const onAll = (use: Omit<PluginUse, 'on'>): PluginSpec['uses'] => [
  { on: afterFirstTask(tinyInvertedResiduals), ...use },
  { on: afterFirstTask(tinyTextEncoder), ...use },
  { on: afterFirstTask(tinyVisionTransformer), ...use },
];

const fpfSpec: PluginSpec = {
  name: 'fpf',
  uses: onAll({
    plugins: () => [kept(), fpf({ ...phase, at: 'each', measure: { updates: 2 } })],
    atZero: () => [kept(), fpf({ ...still, at: 'each' })],
  }),
  gradients: 'exact',
};

const kFpfSpec: PluginSpec = {
  name: 'k-fpf',
  // After every second update: the tester compares the gradients of a fifth one.
  uses: onAll({
    plugins: () => [kept(), kFpf({ ...phase, every: 2, alpha: 0.5, select: { byScore: { topFraction: 0.5 } } })],
    atZero: () => [kept(), kFpf({ ...still, every: 2 })],
  }),
  gradients: 'exact',
};

/** One declaration per method of `fpf` in `@tapgrad/continual`. */
export const continualFpfSpecs: readonly PluginSpec[] = [fpfSpec, kFpfSpec];
