import { ewc } from '@tapgrad/continual';
import { randomStream } from '@tapgrad/core';
import { Linear } from '@tapgrad/nn';
import { classIncremental, sgd, tensorData } from '@tapgrad/train';
import { dispose, tensor2d } from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { choosing } from './method.ts';
import { ResultsFile } from './results-file.ts';
import { runMethod } from './run-method.ts';

const inputs = tensor2d([
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
]);
afterAll(() => dispose(inputs));

// A pull that large throws the weights out of the finite numbers in the second step of the second task.
const far = 'lambda 1e+200';
const method = choosing('ewc', [1e200, 1], (lambda) => ({
  settings: `lambda ${lambda}`,
  plugins: () => [ewc({ lambda, samples: 2 })],
}));
const labels = { model: 'linear', scenario: 'class' };

async function rowsAfter(validation: Record<string, number> | undefined) {
  const file = new ResultsFile({ experiment: 'a test', about: '', add: false });
  if (validation) file.add({ method: 'ewc', ...labels, settings: far, validation, runs: {} });
  const said: string[] = [];
  const data = () => tensorData({ inputs, labels: [0, 1, 2, 3] });
  await runMethod(
    {
      method,
      labels,
      seeds: [1, 2],
      file,
      command: 'a test',
      build: (seed) => new Linear(4, 4, { random: randomStream(seed, 'head') }),
      run: (seed) => ({
        stream: classIncremental({ train: data(), test: data() }, { tasks: 2, seed, classNames: ['a', 'b', 'c', 'd'] }),
        batchSize: 1,
        epochs: 3,
        optimizer: () => sgd({ learningRate: 1 }),
        seed,
      }),
    },
    (line) => said.push(line),
  );
  return { row: file.rows[0]!, said };
}

describe('the candidate of a method that is published', () => {
  it('is the one with the highest accuracy on the validation part', async () => {
    const { row } = await rowsAfter(undefined);
    expect(row.settings).toBe('lambda 1');
    expect(row.validation).toMatchObject({ [far]: 0 });
    expect(Object.keys(row.runs)).toEqual(['1', '2']);
    expect(row).not.toHaveProperty('diverged');
  });

  it('is the next best where that one diverges, which is said', async () => {
    const { row, said } = await rowsAfter({ [far]: 0.9, 'lambda 1': 0.5 });
    expect(row).toMatchObject({ settings: 'lambda 1', diverged: { [far]: [1, 2] } });
    expect(Object.keys(row.runs)).toEqual(['1', '2']);
    expect(said.slice(0, 2).join()).toContain(`diverged  ${far}`);
  });
});
