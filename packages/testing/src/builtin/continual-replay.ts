import { aGem, der, derpp, er, memory, memoryOf, projected } from '@tapgrad/continual';
import type { Batch, Stack } from '@tapgrad/core';
import { dispose, onesLike, type Tensor } from '@tensorflow/tfjs-core';
import type { Attached, ModelSpec, PluginSpec } from '../plugin/plugin-spec.ts';
import { afterFirstTask } from '../plugin/tasks.ts';
import { tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';

/** Smaller than what the first task has, so that it is full. */
const samples = 6;
const reservoir = () => memory({ samples });

const memorySpec: PluginSpec = {
  name: 'memory',
  uses: [
    { on: afterFirstTask(tinyVisionTransformer), plugins: reservoir },
    { on: afterFirstTask(tinyTextEncoder), plugins: () => memory({ samples, policy: 'class-balanced' }) },
    {
      on: afterFirstTask(tinyResNet),
      plugins: () => memory({ samples, policy: 'herding', features: 'fc:input' }),
    },
  ],
  gradients: 'exact',
};

const erSpec: PluginSpec = {
  name: 'er',
  uses: [
    {
      on: afterFirstTask(tinyVisionTransformer),
      plugins: () => [reservoir(), er()],
      atZero: () => [reservoir(), er({ batchSize: 0 })],
    },
    { on: afterFirstTask(tinyTextEncoder), plugins: () => [reservoir(), er({ batchSize: 2 })] },
    { on: afterFirstTask(tinyResNet), plugins: () => [reservoir(), er()] },
  ],
  gradients: 'exact',
};

const derSpec: PluginSpec = {
  name: 'der',
  uses: [
    {
      on: afterFirstTask(tinyVisionTransformer),
      plugins: () => [reservoir(), der()],
      atZero: () => [reservoir(), der({ alpha: 0 })],
    },
    {
      on: afterFirstTask(tinyTextEncoder),
      plugins: () => [memory({ samples, policy: 'class-balanced' }), der({ alpha: 1 })],
    },
    { on: afterFirstTask(tinyResNet), plugins: () => [reservoir(), der({ batchSize: 3 })] },
  ],
  gradients: 'exact',
};

const derppSpec: PluginSpec = {
  name: 'derpp',
  uses: [
    {
      on: afterFirstTask(tinyVisionTransformer),
      plugins: () => [reservoir(), derpp()],
      atZero: () => [reservoir(), derpp({ alpha: 0, beta: 0 })],
    },
    { on: afterFirstTask(tinyTextEncoder), plugins: () => [reservoir(), derpp({ variant: 'reference-code' })] },
    {
      on: afterFirstTask(tinyResNet),
      plugins: () => [memory({ samples, policy: 'herding', features: 'fc:input' }), derpp()],
    },
  ],
  gradients: 'exact',
};

/** The first task is all of one class, and contradicts the batches to come: there is something to take away. */
function contradicted(on: ModelSpec): ModelSpec {
  return afterFirstTask({
    ...on,
    batch(index) {
      const batch = on.batch(index);
      if (index < 100) return batch;
      const targets = onesLike(batch.targets as Tensor);
      dispose(batch.targets as Tensor);
      return { ...batch, targets };
    },
  });
}

/** Both gradients by themselves, and the projection of the one on what the other leaves of it. */
function projection({ stack, model, batch }: Attached): ReadonlyMap<string, Tensor> {
  const [kept] = [...(memoryOf(model)?.batches(samples) ?? [])] as [Batch];
  const gradientsOf = (of: Batch) => (stack as Stack).gradientsOf(of);
  const [own, reference] = [gradientsOf(batch), gradientsOf(kept)];
  try {
    const made = projected(own.gradients, reference.gradients);
    for (const [name, gradient] of made) {
      const before = own.gradients.get(name) as Tensor;
      if (gradient.dataSync().some((value, i) => value !== before.dataSync()[i])) return made;
    }
    dispose([...made.values()]);
    throw new Error('nothing in the memory goes against the batch: there is nothing to project');
  } finally {
    own.dispose();
    reference.dispose();
    dispose(kept as unknown as Tensor);
  }
}

const aGemSpec: PluginSpec = {
  name: 'a-gem',
  uses: [
    {
      on: contradicted(tinyVisionTransformer),
      plugins: () => [reservoir(), aGem({ batchSize: samples })],
      atZero: () => [reservoir(), aGem({ batchSize: 0 })],
    },
    {
      on: contradicted(tinyTextEncoder),
      plugins: () => [
        memory({ samples, policy: 'task-batch', taskBatch: samples }),
        aGem({ variant: 'reference-code', batchSize: samples }),
      ],
    },
  ],
  gradients: {
    replaced: 'the gradient without its part against that of the memory',
    oracle: projection,
  },
};

/** One declaration for the memory, and one for each method that replays it. */
export const continualReplaySpecs: readonly PluginSpec[] = [memorySpec, erSpec, derSpec, derppSpec, aGemSpec];
