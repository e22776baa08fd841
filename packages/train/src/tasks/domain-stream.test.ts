import { disposeBatch } from '@tapgrad/core';
import { mul, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { domainIncremental, permutedPixels, sampleData, tensorData } from './index.ts';
import { clusters, contents } from './test-streams.ts';

let data: ReturnType<typeof clusters>;
beforeEach(() => {
  data = clusters(4, 3, 2);
});
afterEach(() => data.end());

const twice = (inputs: Tensor) => mul(inputs, 2);
const plain = { name: 'plain', transform: (inputs: Tensor) => inputs };

describe('a domain-incremental stream of transforms', () => {
  it('has all samples and classes in every task, transformed', async () => {
    const stream = domainIncremental(data, { domains: [plain, twice], classNames: ['a', 'b', 'c', 'd'] });
    expect(stream).toMatchObject({ scenario: 'domain', classes: 4, classNames: ['a', 'b', 'c', 'd'] });
    expect(stream.tasks.map(({ name, classes }) => ({ name, classes }))).toEqual([
      { name: 'plain', classes: [0, 1, 2, 3] },
      { name: 'domain 1', classes: [0, 1, 2, 3] },
    ]);
    const [first, second] = await Promise.all(stream.tasks.map((task) => contents(task.test(3).batches(0))));
    expect(second?.map(({ inputs }) => inputs)).toEqual(first?.map(({ inputs }) => inputs.map((each) => 2 * each)));
    expect(second?.map(({ targets }) => targets)).toEqual(first?.map(({ targets }) => targets));
    expect(second?.[0]?.tasks).toEqual([1, 1, 1]);
  });

  it('all together, each sample stays in its place and is transformed as its domain says', async () => {
    const stream = domainIncremental(data, { domains: [twice, plain, (inputs) => mul(inputs, -1)] });
    const shuffled = stream.joint().tasks[0]?.train({ batchSize: 7, shuffle: true, seed: 2 });
    const factors = [2, 1, -1];
    const plainInputs = new Set((await contents(stream.tasks[1]?.batches() ?? [])).flatMap(({ inputs }) => inputs));
    let samples = 0;
    for (const { inputs, tasks } of await contents(shuffled?.batches(0) ?? [])) {
      for (const [i, value] of inputs.entries()) {
        expect(plainInputs).toContain(value / (factors[tasks[Math.floor(i / 3)] as number] as number));
      }
      samples += tasks.length;
    }
    expect(samples).toBe(36);
  });

  it('leaves nothing of the inputs in memory where a transform throws', async () => {
    const broken = () => {
      throw new Error('broken');
    };
    const stream = domainIncremental(data, { domains: [broken] });
    await expect(contents(stream.tasks[0]?.batches() ?? [])).rejects.toThrow('broken');
  });

  it('transforms inputs of any structure, and those before augmentation', async () => {
    const labelled = sampleData([1, 2, 3], {
      label: () => 0,
      collate: (samples) => {
        const inputs = () => [tensor([...samples]), { deep: tensor([...samples]) }];
        return { inputs: inputs(), unaugmented: inputs() };
      },
    });
    const domains = [1, 2].map((factor) => ({
      transform: (inputs: readonly [Tensor, { deep: Tensor }]) => [inputs[0], { deep: mul(inputs[1].deep, factor) }],
    }));
    const stream = domainIncremental({ train: labelled, test: labelled }, { domains: domains as never });
    const joint = stream.joint().tasks[0]?.train({ batchSize: 6 });
    for await (const batch of joint?.batches(0) ?? []) {
      for (const inputs of [batch.inputs, batch.unaugmented] as [Tensor, { deep: Tensor }][]) {
        expect([...(inputs[0] as Tensor).dataSync()]).toEqual([1, 2, 3, 1, 2, 3]);
        expect([...inputs[1].deep.dataSync()]).toEqual([1, 2, 3, 2, 4, 6]);
      }
      disposeBatch(batch);
    }
  });
});

describe('permuted pixels', () => {
  it('move the elements of all samples alike, otherwise in each domain and the same for a seed', async () => {
    const inputs = tensor([0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17], [2, 2, 2, 2]);
    const labelled = tensorData({ inputs, labels: [0, 1] });
    const of = async (seed: number) => {
      const stream = domainIncremental({ train: labelled, test: labelled }, { domains: permutedPixels(3, { seed }) });
      return Promise.all(stream.tasks.map(async (task) => (await contents(task.batches()))[0]?.inputs ?? []));
    };
    const [first, second, third] = (await of(1)) as [number[], number[], number[]];
    expect(first).toEqual([...inputs.dataSync()]);
    expect(second).not.toEqual(third);
    expect([...second].sort((a, b) => a - b)).toEqual(first);
    expect(second.slice(8)).toEqual(second.slice(0, 8).map((each) => each + 10));
    expect(await of(1)).toEqual([first, second, third]);
    expect(await of(2)).not.toEqual([first, second, third]);
    inputs.dispose();
  });
});

describe('a domain-incremental stream of labels', () => {
  it('maps the labels of each task to the same classes', async () => {
    const stream = domainIncremental(data, { tasks: 2, mapLabel: (label) => label % 2, classNames: ['even', 'odd'] });
    expect(stream).toMatchObject({ classes: 2, classNames: ['even', 'odd'], labels: [0, 1] });
    expect(stream.tasks.map(({ name, classes }) => ({ name, classes }))).toEqual([
      { name: '0, 1', classes: [0, 1] },
      { name: '2, 3', classes: [0, 1] },
    ]);
    expect((await contents(stream.tasks[1]?.batches() ?? []))[0]?.targets).toEqual([0, 1, 0, 1, 0, 1]);
  });

  it('refuses what is no class, and no domains', () => {
    const refused = (options: object, code: string) =>
      expect(() => domainIncremental(data, options as never)).toThrow(expect.objectContaining({ code }));
    refused({ tasks: 2, mapLabel: () => 0.5 }, 'LABEL_INVALID');
    refused({ domains: [] }, 'BAD_OPTION');
    refused({ domains: [plain], taskNames: ['a', 'b'] }, 'BAD_OPTION');
  });
});
