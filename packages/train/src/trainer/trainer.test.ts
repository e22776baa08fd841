import { attach, definePlugin, type Plugin } from '@tapgrad/core';
import { abs, max, mean, memory, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adamw, linear, sgd, tensorBatches } from '../index.ts';
import { Mlp, meanSquaredError, numbersOf, sampleData } from '../test-support.ts';
import { globalNorm } from './clip.ts';
import type { StepEvent, TrainingEvent } from './events.ts';
import type { TrainerOptions } from './options.ts';
import { Trainer } from './trainer.ts';

let data: { inputs: Tensor; targets: Tensor };
let model: Mlp;
let optimizer: ReturnType<typeof sgd>;

beforeEach(() => {
  data = sampleData(20);
  model = new Mlp();
  optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
});

afterEach(() => {
  data.inputs.dispose();
  data.targets.dispose();
  model.dispose();
  optimizer.dispose();
});

const stackOf = (...plugins: Plugin[]) => attach(model, plugins, { loss: meanSquaredError, optimizer });

async function trained(options: Partial<TrainerOptions<Tensor>>, ...plugins: Plugin[]) {
  const events: TrainingEvent[] = [];
  const stack = stackOf(...plugins);
  const onProgress = (event: TrainingEvent) => void events.push(event);
  const result = await new Trainer(stack, {
    data: tensorBatches(data, { batchSize: 4 }),
    onProgress,
    ...options,
  } as TrainerOptions<Tensor>).fit();
  const numbers = numbersOf(stack as never);
  stack.detach();
  return { result, events, numbers, steps: events.filter((event): event is StepEvent => event.kind === 'step') };
}

/** Notes every life-cycle call. */
function witness(log: string[]): Plugin {
  return definePlugin({
    name: 'witness',
    apply({ hooks }) {
      for (const part of ['train', 'epoch', 'step', 'evaluate'] as const) {
        hooks[part].begin.tap(
          ({ index }) => void log.push(['begin', part, index].filter((each) => each !== undefined).join(' ')),
        );
        hooks[part].end.tap(
          ({ index, reason }) =>
            void log.push(['end', part, index, reason].filter((each) => each !== undefined).join(' ')),
        );
      }
    },
  })();
}

describe('Trainer', () => {
  it('trains for epochs: the loss falls, and no tensor is left', async () => {
    const before = memory().numTensors;
    const { result, events, steps } = await trained({ epochs: 8 });
    expect(result).toMatchObject({ reason: 'completed', steps: 40, epochs: 8 });
    expect(steps.at(-1)).toMatchObject({ step: 40, steps: 40, epoch: 7, learningRate: 0.1 });
    const epochs = events.filter((event) => event.kind === 'epoch');
    expect(epochs).toHaveLength(8);
    expect(epochs.at(-1)?.loss).toBeLessThan((epochs[0]?.loss ?? 0) / 3);
    expect(events.at(-1)).toEqual({ kind: 'end', reason: 'completed', step: 40 });
    optimizer.dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('a progress event says what a step came to', async () => {
    const { steps } = await trained({ steps: 3 });
    for (const [i, step] of steps.entries()) {
      expect(step).toMatchObject({ step: i + 1, steps: 3, epoch: 0, terms: { task: step.loss } });
      expect(step.peakBytes).toBeGreaterThan(0);
      expect(step.stepMs).toBeGreaterThan(0);
    }
    expect(steps[2]?.etaMs).toBe(0);
  });

  it('stops in the middle of an epoch after so many steps', async () => {
    const { result, events } = await trained({ steps: 7, epochs: 9 });
    expect(result).toMatchObject({ reason: 'completed', steps: 7, epochs: 1 });
    expect(events.filter((event) => event.kind === 'epoch')).toHaveLength(1);
  });

  it('accumulates: two micro-batches of 2 give the update of one batch of 4', async () => {
    const whole = await trained({ epochs: 1 });
    model.dispose();
    optimizer.dispose();
    model = new Mlp();
    optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
    const halves = await trained({ epochs: 1, accumulate: 2, data: tensorBatches(data, { batchSize: 2 }) });
    expect(halves.result.steps).toBe(5);
    for (const [name, values] of Object.entries(whole.numbers)) {
      for (const [i, value] of values.entries()) expect(halves.numbers[name]?.[i]).toBeCloseTo(value, 12);
    }
  });

  it('a schedule scales the learning rate, which is as it was afterwards', async () => {
    const { steps } = await trained({ epochs: 1, schedule: linear() });
    expect(steps.map((step) => step.learningRate)).toEqual(
      [0.1, 0.08, 0.06, 0.04, 0.02].map((rate) => expect.closeTo(rate, 12)),
    );
    expect(optimizer.learningRate).toBe(0.1);
  });

  it('clips the norm of all gradients together, after plugins have seen them', async () => {
    const norms: number[] = [];
    const spy = definePlugin({
      name: 'spy',
      apply({ hooks }) {
        hooks.gradients.step.tap((gradients) => void norms.push(globalNorm(gradients).dataSync()[0] as number));
        hooks.update.before.tap(
          ({ gradients }) => void norms.push(tidy(() => globalNorm(gradients).dataSync()[0]) as number),
        );
      },
    });
    const { steps } = await trained({ steps: 1, clip: { norm: 1e-3 } }, spy());
    const [raw = 0, clipped = 0] = norms;
    expect(raw).toBeGreaterThan(0.1);
    expect(clipped).toBeCloseTo((1e-3 * raw) / (raw + 1e-6), 12);
    expect(steps[0]?.gradientNorm).toBeCloseTo(raw, 12);
  });

  it('clips single values', async () => {
    const largest: number[] = [];
    const spy = definePlugin({
      name: 'spy',
      apply({ hooks }) {
        hooks.update.before.tap(({ gradients }) => {
          for (const each of gradients.values()) largest.push(Math.max(...each.dataSync().map(Math.abs)));
        });
      },
    });
    await trained({ steps: 1, clip: { value: 0.01 } }, spy());
    expect(Math.max(...largest)).toBe(0.01);
  });

  it('evaluates after epochs, in evaluation mode, and ends early when nothing improves', async () => {
    const metrics = {
      worst: (outputs: Tensor, batch: { targets?: unknown }) => max(abs(sub(outputs, batch.targets as Tensor))),
    };
    const evaluation = { data: tensorBatches(data, { batchSize: 7 }), metrics };
    optimizer.dispose();
    optimizer = sgd({ learningRate: 0 });
    const { result, events } = await trained({ epochs: 9, evaluation, earlyStopping: { patience: 2 } });
    expect(result).toMatchObject({ reason: 'stopped-early', epochs: 2, steps: 15, best: { step: 5 } });
    const evaluations = events.filter((event) => event.kind === 'evaluation');
    expect(evaluations.map((event) => event.best)).toEqual([true, false, false]);
    expect(evaluations[0]?.samples).toBe(20);
    expect(evaluations[0]?.metrics.worst).toBeGreaterThan(0);
    expect(model.training).toBe(true);
  });

  it('evaluates every so many steps and after the last one', async () => {
    const evaluation = { data: tensorBatches(data, { batchSize: 20 }), every: 4 };
    const { events } = await trained({ steps: 10, evaluation });
    expect(events.filter((event) => event.kind === 'evaluation').map((event) => event.step)).toEqual([4, 8, 10]);
  });

  it('an unknown metric to watch is refused', async () => {
    const evaluation = { data: tensorBatches(data, { batchSize: 20 }), metrics: { error: (x: Tensor) => mean(x) } };
    const stack = stackOf();
    const trainer = new Trainer(stack, {
      data: tensorBatches(data, { batchSize: 4 }),
      epochs: 1,
      evaluation: evaluation as never,
      earlyStopping: { metric: 'accuracy' },
    });
    await expect(trainer.fit()).rejects.toMatchObject({ code: 'METRIC_UNKNOWN' });
    stack.detach();
  });

  it.each([{}, { epochs: 0 }, { steps: 1.5 }, { steps: 1, accumulate: 0 }, { steps: 1, earlyStopping: {} }])(
    'options %j are refused',
    (options) => {
      const stack = stackOf();
      expect(() => new Trainer(stack, { data: [], ...options })).toThrow(
        expect.objectContaining({ code: 'BAD_OPTION' }),
      );
      stack.detach();
    },
  );

  it('an abort ends after the update in progress, cleanly, with every end told', async () => {
    const log: string[] = [];
    const abort = new AbortController();
    const before = memory().numTensors;
    const { result, events } = await trained(
      {
        epochs: 3,
        signal: abort.signal,
        onProgress: (event) => {
          if (event.kind === 'step' && event.step === 7) abort.abort();
        },
      },
      witness(log),
    );
    void events;
    expect(result).toMatchObject({ reason: 'aborted', steps: 7, epochs: 1 });
    expect(log.slice(-3)).toEqual(['end step', 'end epoch 1', 'end train aborted']);
    for (const part of ['epoch 0', 'epoch 1', 'step']) {
      const count = (when: string) => log.filter((line) => line === `${when} ${part}`).length;
      expect([part, count('begin')]).toEqual([part, count('end')]);
    }
    optimizer.dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('an abort does not wait for data that never come', async () => {
    const abort = new AbortController();
    async function* stuck() {
      yield { inputs: data.inputs, targets: data.targets };
      await new Promise(() => undefined);
    }
    const stack = stackOf();
    const trainer = new Trainer(stack, {
      data: stuck(),
      epochs: 1,
      signal: abort.signal,
      onProgress: () => void setTimeout(() => abort.abort()),
    });
    expect(await trainer.fit()).toMatchObject({ reason: 'aborted', steps: 1 });
    stack.detach();
  });

  it('leaving the loop over events ends the run cleanly', async () => {
    const log: string[] = [];
    const stack = stackOf(witness(log));
    const trainer = new Trainer(stack, { data: tensorBatches(data, { batchSize: 4 }), epochs: 2 });
    for await (const event of trainer.events()) if (event.kind === 'step' && event.step === 2) break;
    expect(log.slice(-2)).toEqual(['end epoch 0', 'end train aborted']);
    stack.detach();
  });

  it('what a source throws comes out, with every end told and nothing left', async () => {
    const log: string[] = [];
    const stack = stackOf(witness(log));
    function* failing() {
      yield { inputs: data.inputs, targets: data.targets };
      throw new Error('no more disk');
    }
    await expect(new Trainer(stack, { data: failing(), epochs: 1 }).fit()).rejects.toThrow('no more disk');
    expect(log.slice(-2)).toEqual(['end epoch 0', 'end train failed']);
    stack.detach();
  });

  it('a generator that was read to its end is no data for a second epoch, and that is said', async () => {
    const stack = stackOf();
    const once = [{ ...data }][Symbol.iterator]();
    await expect(new Trainer(stack, { data: once, epochs: 2 }).fit()).rejects.toMatchObject({ code: 'DATA_EMPTY' });
    stack.detach();
  });

  it("batches of the caller remain the caller's; a model in evaluation mode trains, and is in it again afterwards", async () => {
    model.eval();
    const { result } = await trained({ data: [{ ...data }], steps: 2 });
    expect(result.epochs).toBe(2);
    expect(model.training).toBe(false);
    expect(data.inputs.isDisposed).toBe(false);
  });

  it('trains with adamw from a function that opens each epoch', async () => {
    optimizer.dispose();
    optimizer = adamw({ learningRate: 0.01 });
    const opened: number[] = [];
    const open = (epoch: number) => {
      opened.push(epoch);
      return tensorBatches(data, { batchSize: 10, shuffle: true }).batches(epoch);
    };
    const { result } = await trained({ data: open, epochs: 3 });
    expect(opened).toEqual([0, 1, 2]);
    expect(result.steps).toBe(6);
  });

  it('ends when the loss is not finite, unless it may be', async () => {
    optimizer.dispose();
    optimizer = sgd({ learningRate: 1e200 });
    const stack = stackOf();
    const options = { data: tensorBatches(data, { batchSize: 20 }), epochs: 9 };
    await expect(new Trainer(stack, options).fit()).rejects.toMatchObject({ code: 'LOSS_NOT_FINITE' });
    expect(await new Trainer(stack, { ...options, allowNonFinite: true }).fit()).toMatchObject({ reason: 'completed' });
    stack.detach();
  });

  it('puts back the best state at the end, if asked to', async () => {
    optimizer.dispose();
    // Learns at first, and ruins what it learned from the sixth update on.
    optimizer = sgd({ learningRate: 0.05 });
    const stack = stackOf();
    const evaluation = { data: tensorBatches(data, { batchSize: 20 }), every: 2 };
    let best: Record<string, number[]> = {};
    const result = await new Trainer(stack, {
      data: tensorBatches(data, { batchSize: 20 }),
      steps: 20,
      schedule: ({ step }) => (step < 5 ? 1 : 60),
      evaluation,
      earlyStopping: { patience: 2, restoreBest: true },
      onProgress: (event) => {
        if (event.kind === 'evaluation' && event.best) best = numbersOf(stack as never);
      },
    }).fit();
    expect(result).toMatchObject({ reason: 'stopped-early', best: { step: 4 } });
    for (const [name, values] of Object.entries(best)) {
      // Checkpoints hold 32 bits.
      expect(numbersOf(stack as never)[name]).toEqual(values.map(Math.fround));
    }
    stack.detach();
  });

  it('is one run at a time', async () => {
    const stack = stackOf();
    const trainer = new Trainer(stack, { data: tensorBatches(data, { batchSize: 20 }), epochs: 1 });
    const first = trainer.fit();
    await expect(trainer.fit()).rejects.toMatchObject({ code: 'TRAINER_BUSY' });
    expect((await first).reason).toBe('completed');
    expect((await trainer.fit()).reason).toBe('completed');
    stack.detach();
  });

  it('does not resume with another seed, or from a checkpoint that no trainer made', async () => {
    const stack = stackOf();
    const options = { data: tensorBatches(data, { batchSize: 20 }), steps: 1 };
    const bytes = await new Trainer(stack, options).checkpoint();
    await expect(new Trainer(stack, { ...options, resume: bytes }).fit()).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
    });
    let running: Uint8Array | undefined;
    const trainer: Trainer<Tensor> = new Trainer(stack, {
      ...options,
      onProgress: async (event) => {
        if (event.kind === 'step') running = await trainer.checkpoint({ note: 'mine' });
      },
    });
    await trainer.fit();
    stack.detach();
    const other = attach(model, [], { loss: meanSquaredError, optimizer, seed: 1 });
    const resumed = new Trainer(other, { ...options, resume: running as Uint8Array });
    await expect(resumed.fit()).rejects.toMatchObject({ code: 'CHECKPOINT_SEED' });
    other.detach();
  });
});
