import { useWasm } from '@tapgrad/backend-wasm';
import { attach, type Batch, Module, type Plugin, randomStream } from '@tapgrad/core';
import { crossEntropy, Linear } from '@tapgrad/nn';
import { type AccuracyMatrix, adamw, classIncremental, TaskTrainer, taskIncremental, tensorData } from '@tapgrad/train';
import { add, dispose, relu, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { growingHead, lingoCL, prd } from './index.ts';

beforeAll(() => useWasm());

const names = ['one', 'two', 'three', 'four', 'five', 'six'];
const vectors = Object.fromEntries(names.map((name, i) => [name, Array.from(randomStream(8, i).normal(5))]));

class Net extends Module {
  readonly body = new Linear(4, 12, { random: randomStream(1, 'body') });
  readonly head = new Linear(12, 6, { random: randomStream(1, 'head') });

  override forward(x: Tensor): Tensor {
    return this.head.call(relu(this.body.call(x)));
  }
}

/** Points around a center for each of six classes. */
function points(perClass: number, part: number) {
  const labels = Int32Array.from({ length: 6 * perClass }, (_, i) => i % 6);
  const centers = randomStream(2, 'centers').normal(24, 0, 2);
  const values = randomStream(3, part)
    .normal(24 * perClass, 0, 0.3)
    .map((value, i) => value + (centers[4 * (labels[i >> 2] as number) + (i % 4)] as number));
  return { inputs: tensor(values, [6 * perClass, 4]), labels };
}

const jitter = (x: Tensor, random: { normal(count: number, mean: number, deviation: number): Float32Array }) =>
  tidy(() => add(x, tensor(random.normal(x.size, 0, 0.1), x.shape)));

interface Course {
  readonly matrix: AccuracyMatrix;
  readonly losses: readonly number[];
}

/** Three tasks of two classes: in one go, or stopped in the middle of the second and resumed in a fresh stack. */
async function run(plugin: () => Plugin, make: typeof classIncremental, interrupted = false): Promise<Course> {
  const [train, test] = [points(12, 0), points(6, 1)];
  const losses: number[] = [];
  const part = async (resume?: Uint8Array<ArrayBuffer>, until = Number.POSITIVE_INFINITY) => {
    const data = { train: tensorData(train), test: tensorData(test) };
    const stream = make(data, { tasks: 3, seed: 1, classNames: names });
    const [model, optimizer] = [new Net(), adamw({ learningRate: 0.02 })];
    const loss = (logits: Tensor, batch: Batch) => crossEntropy(stream.restrict(logits, batch), batch);
    const stack = attach<Tensor>(model, [plugin()], { loss, optimizer, seed: 4 });
    const abort = new AbortController();
    let saved: Uint8Array<ArrayBuffer> | undefined;
    const trainer = new TaskTrainer<Tensor>(stack, {
      stream,
      batchSize: 8,
      epochs: 10,
      signal: abort.signal,
      ...(resume && { resume }),
      async onProgress(event) {
        if (event.kind !== 'step') return;
        losses.push(event.loss);
        if (losses.length !== until) return;
        saved = await trainer.checkpoint();
        abort.abort();
      },
    });
    try {
      return { matrix: (await trainer.fit()).matrix, saved };
    } finally {
      stack.detach();
      optimizer.dispose();
      model.dispose();
    }
  };
  try {
    if (!interrupted) return { matrix: (await part()).matrix, losses };
    const { saved } = await part(undefined, 40);
    return { matrix: (await part(saved)).matrix, losses };
  } finally {
    dispose([train.inputs, test.inputs]);
  }
}

const plugins: Readonly<Record<string, () => Plugin>> = {
  'growing-head': () => growingHead(),
  lingocl: () => lingoCL({ vectors }),
  prd: () => prd({ augment: jitter, projection: [12, 8], contrastTemperature: 0.5 }),
};

describe.each(Object.entries(plugins))('%s on a stream of tasks', (_, plugin) => {
  it('learns each task', async () => {
    const { matrix } = await run(plugin, taskIncremental);
    for (const task of [0, 1, 2]) expect(matrix.toJSON().rows[task]?.[task]).toBeGreaterThan(0.8);
  });

  it('stopped inside a task and resumed in a fresh stack goes on bit for bit', async () => {
    const [whole, resumed] = [await run(plugin, classIncremental), await run(plugin, classIncremental, true)];
    expect(resumed.losses).toEqual(whole.losses);
    expect(resumed.matrix.toJSON()).toEqual(whole.matrix.toJSON());
  });
});
