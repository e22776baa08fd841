import { useWasm } from '@tapgrad/backend-wasm';
import { attach, Module, type Plugin, randomStream } from '@tapgrad/core';
import { crossEntropy, Linear } from '@tapgrad/nn';
import { type AccuracyMatrix, adamw, classIncremental, TaskTrainer, tensorData } from '@tapgrad/train';
import { type Tensor, tanh, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  aGem,
  antiTransfer,
  der,
  derpp,
  er,
  ewc,
  featureDistillation,
  fpf,
  growingHead,
  kFpf,
  lingoCL,
  lwf,
  memory,
  onlineEwc,
  prd,
  si,
  weightAveraging,
} from './index.ts';
import { valuesOfAll } from './test-heads.ts';

beforeAll(() => useWasm());

/** Values `[batch, 6]` by two layers of features and a linear `head`. */
class Classifier extends Module {
  readonly first = new Linear(4, 8, { random: randomStream(1, 'first') });
  readonly second = new Linear(8, 8, { random: randomStream(1, 'second') });
  readonly head = new Linear(8, 6, { random: randomStream(1, 'head') });

  override forward(x: Tensor): Tensor {
    return this.head.call(tanh(this.second.call(tanh(this.first.call(x)))));
  }
}

const vectors = Object.fromEntries(
  Array.from({ length: 6 }, (_, label) => [String(label), [...randomStream(2, 'vector', label).normal(8)]]),
);

const methods: Record<string, () => Plugin[]> = {
  nothing: () => [],
  lwf: () => [lwf()],
  'feature-distillation': () => [featureDistillation({ at: 'second' })],
  ewc: () => [ewc({ lambda: 10 })],
  'online-ewc': () => [onlineEwc()],
  si: () => [si()],
  er: () => [memory({ samples: 6 }), er()],
  der: () => [memory({ samples: 6 }), der()],
  derpp: () => [memory({ samples: 6 }), derpp()],
  'a-gem': () => [memory({ samples: 6 }), aGem()],
  fpf: () => [memory({ samples: 6 }), fpf({ at: 'each', length: { steps: 2 } })],
  'k-fpf': () => [memory({ samples: 6 }), kFpf({ k: 4, length: { steps: 2 } })],
  'weight-averaging': () => [weightAveraging()],
  'growing-head': () => [growingHead()],
  'growing-head and lwf': () => [growingHead(), lwf()],
  'growing-head and er': () => [growingHead(), memory({ samples: 6 }), er()],
  lingocl: () => [lingoCL({ vectors })],
  prd: () => [prd({ projection: [8, 4] })],
  'anti-transfer': () => [antiTransfer({ network: () => new Classifier(), at: 'second' })],
};

interface Course {
  readonly matrix: AccuracyMatrix;
  readonly losses: number[];
  readonly values: Record<string, number[]>;
}

/** Three tasks of two classes, learned by a new stack; from a checkpoint if there is one. */
async function learn(
  plugins: Plugin[],
  resume?: Uint8Array,
  keep?: (bytes: Uint8Array, updates: number) => void,
): Promise<Course> {
  const labels = Array.from({ length: 48 }, (_, i) => i % 6);
  const noise = randomStream(3, 'noise').normal(48 * 4, 0, 0.3);
  const centers = randomStream(3, 'centers').normal(24);
  const inputs = tensor(
    noise.map((value, i) => value + (centers[(Math.floor(i / 4) % 6) * 4 + (i % 4)] as number)),
    [48, 4],
  );
  const data = tensorData({ inputs, labels });
  const stream = classIncremental({ train: data, test: data }, { tasks: 3 });
  const [model, optimizer] = [new Classifier(), adamw({ learningRate: 0.03 })];
  const stack = attach(model, plugins, { loss: crossEntropy, optimizer, seed: 4 });
  const losses: number[] = [];
  try {
    const trainer: TaskTrainer<Tensor> = new TaskTrainer(stack, {
      stream,
      batchSize: 6,
      epochs: 2,
      ...(resume && { resume }),
      onProgress: async (event) => {
        if (event.kind === 'step') losses.push(event.loss);
        const updates =
          (event.kind === 'step' ? event.step : 0) + ('task' in event ? (event.task?.stepsBefore ?? 0) : 0);
        const between = event.kind === 'task-evaluation' && event.when === 'after';
        if (keep && ((event.kind === 'step' && [2, 9, 16].includes(updates)) || between)) {
          keep(await trainer.checkpoint(), between ? event.step : updates);
        }
      },
    });
    const { matrix } = await trainer.fit();
    return { matrix, losses, values: valuesOfAll(stack.state().tensors) };
  } finally {
    stack.detach();
    for (const each of [model, optimizer, inputs]) each.dispose();
  }
}

let plain: Course | undefined;

describe('a stream of tasks resumes bit for bit, inside tasks and between them, with', () => {
  it.each(Object.entries(methods))('%s', async (_, plugins) => {
    const kept: { bytes: Uint8Array; updates: number }[] = [];
    const whole = await learn(plugins(), undefined, (bytes, updates) => kept.push({ bytes, updates }));
    expect(kept.map(({ updates }) => updates)).toEqual([2, 6, 9, 12, 16, 18]);
    // Each of them does something.
    if (plain) expect(whole.losses).not.toEqual(plain.losses);
    plain ??= whole;
    for (const { bytes, updates } of kept) {
      const rest = await learn(plugins(), bytes);
      expect(rest.losses).toEqual(whole.losses.slice(updates));
      expect(rest.matrix).toEqual(whole.matrix);
      expect(rest.values).toEqual(whole.values);
    }
  });
});
