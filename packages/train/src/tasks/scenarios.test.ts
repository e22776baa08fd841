import { type Batch, disposeBatch } from '@tapgrad/core';
import { dispose, slice, softmax, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classIncremental, sampleData, taskIncremental, tensorData } from './index.ts';
import { clusters, contents } from './test-streams.ts';

let data: ReturnType<typeof clusters>;
beforeEach(() => {
  data = clusters(6, 10, 4);
});
afterEach(() => data.end());

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const flat = async (batches: Iterable<Batch> | AsyncIterable<Batch>, key: 'inputs' | 'targets' | 'tasks') =>
  (await contents(batches)).flatMap((batch) => batch[key]);
const refused = (f: () => unknown, code: string) => expect(f).toThrow(expect.objectContaining({ code }));

describe('a class-incremental stream', () => {
  it('numbers classes in the order of their arrival and keeps their names', async () => {
    const stream = classIncremental(data, { tasks: 3, seed: 4, classNames: names });
    expect(stream.tasks.map(({ classes }) => classes)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect([...stream.labels].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(stream.labels).not.toEqual([0, 1, 2, 3, 4, 5]);
    expect(stream.classNames).toEqual(stream.labels.map((label) => names[label]));
    expect(stream.tasks.flatMap(({ classNames }) => classNames)).toEqual(stream.classNames);
    expect(stream.tasks.map(({ name }) => name)).toEqual(
      stream.tasks.map(({ classNames }) => `${classNames[0]}, ${classNames[1]}`),
    );
    for (const task of stream.tasks) {
      const targets = await flat(task.batches(), 'targets');
      expect(targets).toHaveLength(20);
      expect([...new Set(targets)].sort()).toEqual(task.classes);
      expect(await flat(task.test(3).batches(0), 'tasks')).toEqual(Array(8).fill(task.index));
    }
  });

  it('gives each sample once, with the target that stands for its label', async () => {
    const inputs = tensor([10, 20, 30, 11, 21, 31], [6, 1]);
    const labelled = tensorData({ inputs, labels: [1, 2, 3, 1, 2, 3] });
    const stream = classIncremental({ train: labelled, test: labelled }, { groups: [[3], [1, 2]] });
    const found = await Promise.all(stream.tasks.map((task) => contents(task.batches(2))));
    expect(found).toEqual([
      [{ inputs: [30, 31], targets: [0, 0], tasks: [0, 0] }],
      [
        { inputs: [10, 20], targets: [1, 2], tasks: [1, 1] },
        { inputs: [11, 21], targets: [1, 2], tasks: [1, 1] },
      ],
    ]);
    inputs.dispose();
  });

  it('has one order for a seed, that of the labels without one, and deals out the rest first', () => {
    const labels = (options: object) => classIncremental(data, { tasks: 4, ...options }).labels;
    expect(labels({})).toEqual([0, 1, 2, 3, 4, 5]);
    expect(labels({ seed: 1 })).toEqual(labels({ seed: 1 }));
    expect(labels({ seed: 1 })).not.toEqual(labels({ seed: 2 }));
    const counts = (options: object) => classIncremental(data, options).tasks.map(({ classes }) => classes.length);
    expect(counts({ tasks: 4 })).toEqual([2, 2, 1, 1]);
    expect(counts({ classesPerTask: 4 })).toEqual([4, 2]);
  });

  it('holds a share of every class back, which is neither trained on nor tested on', async () => {
    const stream = classIncremental(data, { tasks: 3, validation: 0.2, seed: 3 });
    const again = classIncremental(data, { tasks: 3, validation: 0.2, seed: 3 });
    for (const [i, task] of stream.tasks.entries()) {
      expect(task.samples).toEqual({ train: 16, validation: 4, test: 8 });
      const [train, held] = await Promise.all([
        flat(task.batches(), 'inputs'),
        flat(task.validation?.(3).batches(0) ?? [], 'inputs'),
      ]);
      expect(held.filter((each) => train.includes(each))).toEqual([]);
      expect(held).toEqual(await flat(again.tasks[i]?.validation?.().batches(0) ?? [], 'inputs'));
      const targets = await flat(task.validation?.().batches(0) ?? [], 'targets');
      expect(task.classes.map((column) => targets.filter((each) => each === column).length)).toEqual([2, 2]);
    }
    expect(classIncremental(data, { tasks: 3 }).tasks[0]?.validation).toBeUndefined();
  });

  it('is one task of all, or of the first few, that keeps the tasks of samples', async () => {
    const stream = classIncremental(data, { tasks: 3, validation: 0.2 });
    const joint = stream.joint();
    expect(joint.tasks).toHaveLength(1);
    expect(joint.tasks[0]).toMatchObject({ index: 0, count: 1, classes: [0, 1, 2, 3, 4, 5], name: '3 tasks together' });
    expect(joint.tasks[0]?.samples).toEqual({ train: 48, validation: 12, test: 24 });
    const tasks = await flat(joint.tasks[0]?.batches() ?? [], 'tasks');
    expect([0, 1, 2].map((task) => tasks.filter((each) => each === task).length)).toEqual([16, 16, 16]);
    expect(stream.joint(2).tasks[0]?.classes).toEqual([0, 1, 2, 3]);
  });

  it('leaves all classes to compete', () => {
    const logits = tensor([[1, 2, 3, 4, 5, 6]]);
    expect(classIncremental(data, { tasks: 3 }).restrict(logits, { inputs: logits })).toBe(logits);
    logits.dispose();
  });
});

describe('a task-incremental stream', () => {
  it('leaves the classes of each sample’s own task', () => {
    const stream = taskIncremental(data, { tasks: 3 });
    const batch = { inputs: tensor([0]), targets: tensor([4, 1], [2], 'int32'), tasks: tensor([2, 0], [2], 'int32') };
    const logits = tensor([
      [9, 8, 7, 6, 5, 4],
      [1, 2, 3, 4, 5, 6],
    ]);
    const probabilities = tidy(() => [...softmax(stream.restrict(logits, batch)).dataSync()]);
    const [p, q] = [1 / (1 + Math.exp(-1)), 1 / (1 + Math.exp(1))];
    for (const [i, expected] of [0, 0, 0, 0, p, q, q, p, 0, 0, 0, 0].entries()) {
      expect(probabilities[i]).toBeCloseTo(expected, 12);
    }
    const narrow = tidy(() => [...softmax(stream.restrict(slice(logits, [0, 0], [2, 3]), batch)).dataSync()]);
    expect(narrow.slice(3)).toEqual([expect.closeTo(q, 12), expect.closeTo(p, 12), 0]);
    dispose([batch, logits] as never);
  });

  it('needs to know the tasks of samples, and logits', () => {
    const stream = taskIncremental(data, { tasks: 3 });
    const [logits, tasks] = [tensor([[1, 2, 3, 4, 5, 6]]), tensor([0], [1], 'int32')];
    refused(() => stream.restrict(logits, { inputs: logits }), 'TASKS_MISSING');
    refused(() => stream.restrict(tasks, { inputs: logits, tasks }), 'SHAPE_MISMATCH');
    dispose([logits, tasks]);
  });
});

describe('samples of any kind', () => {
  const texts = ['ab', 'b', 'abc', 'bb', 'a'].map((text) => ({ text, label: text.startsWith('a') ? 0 : 1 }));
  const collate = (samples: readonly { text: string }[]) => ({
    inputs: tensor(samples.map(({ text }) => text.length)),
    targets: tensor([7]),
    note: tensor(samples.map(() => 5)),
  });

  it('are collated as they are asked for, with side data; targets are those of the stream', async () => {
    const labelled = sampleData(texts, { label: ({ label }) => label, collate });
    const [first, second] = classIncremental({ train: labelled, test: labelled }, { tasks: 2 }).tasks;
    expect(await contents(first?.batches() ?? [])).toEqual([
      { inputs: [2, 3, 1], targets: [0, 0, 0], tasks: [0, 0, 0] },
    ]);
    for await (const batch of second?.test().batches(0) ?? []) {
      expect([...(batch.note as Tensor).dataSync()]).toEqual([5, 5]);
      disposeBatch(batch);
    }
  });

  it('are stored as they were before the data augmented them', async () => {
    const augmenting = sampleData(texts, {
      label: ({ label }) => label,
      collate: (samples) => ({ inputs: tensor(samples.map(() => -1)), unaugmented: collateInputs(samples) }),
    });
    const [first] = classIncremental({ train: augmenting, test: augmenting }, { tasks: 2 }).tasks;
    expect((await contents(first?.batches() ?? []))[0]?.inputs).toEqual([2, 3, 1]);
    expect((await contents(first?.train({ batchSize: 9 }).batches(0) ?? []))[0]?.inputs).toEqual([-1, -1, -1]);
  });

  const collateInputs = (samples: readonly { text: string }[]) => tensor(samples.map(({ text }) => text.length));
});

describe('bad input is refused with a code', () => {
  it('in labels', () => {
    const inputs = tensor([1, 2]);
    for (const labels of [
      [0, 0.5],
      [0, -1],
      [0, Number.NaN],
    ])
      refused(() => tensorData({ inputs, labels }), 'LABEL_INVALID');
    refused(() => tensorData({ inputs, labels: [0] }), 'DATA_LENGTH');
    const collate = () => ({ inputs });
    refused(() => sampleData([], { label: () => 0, collate }), 'DATA_LENGTH');
    refused(() => sampleData(['x'], { label: () => 'x' as never, collate }), 'LABEL_INVALID');
    inputs.dispose();
  });

  it('in how classes are dealt out', () => {
    refused(() => classIncremental(data, { tasks: 7 }), 'TASKS_TOO_MANY');
    refused(() => classIncremental(data, {}), 'BAD_OPTION');
    refused(() => classIncremental(data, { tasks: 2, classesPerTask: 3 }), 'BAD_OPTION');
    refused(() => classIncremental(data, { tasks: 0 }), 'BAD_OPTION');
    refused(() => classIncremental(data, { groups: [[0], []] }), 'BAD_OPTION');
    refused(() => classIncremental(data, { groups: [[0, 1], [1]] }), 'CLASS_TWICE');
    refused(() => classIncremental(data, { groups: [[0, 9]] }), 'CLASS_EMPTY');
    refused(() => classIncremental(data, { tasks: 3, classNames: [...names, 'g'] }), 'CLASS_EMPTY');
    refused(() => classIncremental(data, { tasks: 3, classNames: ['a'] }), 'BAD_OPTION');
    refused(() => classIncremental(data, { tasks: 3, taskNames: ['a'] }), 'BAD_OPTION');
    refused(() => classIncremental(data, { tasks: 3, validation: 1 }), 'BAD_OPTION');
  });

  it('in what is tested', () => {
    const [inputs, one] = [tensor([1, 2]), tensor([1])];
    const train = tensorData({ inputs, labels: [0, 1] });
    refused(
      () => classIncremental({ train, test: tensorData({ inputs, labels: [0, 2] }) }, { tasks: 2 }),
      'LABEL_UNTRAINED',
    );
    refused(
      () => classIncremental({ train, test: tensorData({ inputs: one, labels: [0] }) }, { tasks: 2 }),
      'CLASS_EMPTY',
    );
    dispose([inputs, one]);
  });
});
