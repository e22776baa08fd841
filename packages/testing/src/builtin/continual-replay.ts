import { memory } from '@tapgrad/continual';
import type { PluginSpec } from '../plugin/plugin-spec.ts';
import { afterFirstTask } from '../plugin/tasks.ts';
import { tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';

/** Smaller than what the first task has, so that it is full. */
const samples = 6;

const memorySpec: PluginSpec = {
  name: 'memory',
  uses: [
    { on: afterFirstTask(tinyVisionTransformer), plugins: () => memory({ samples }) },
    { on: afterFirstTask(tinyTextEncoder), plugins: () => memory({ samples, policy: 'class-balanced' }) },
    {
      on: afterFirstTask(tinyResNet),
      plugins: () => memory({ samples, policy: 'herding', features: 'fc:input' }),
    },
  ],
  gradients: 'exact',
};

export const continualReplaySpecs: readonly PluginSpec[] = [memorySpec];
