import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useWasm } from '@tapgrad/backend-wasm';
import { Module, randomStream } from '@tapgrad/core';
import { Linear } from '@tapgrad/nn';
import { tensorBatches } from '@tapgrad/train';
import { memory, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from './compare.ts';
import { type Method, trainOnly } from './method.ts';
import { chosen } from './options.ts';
import { summarize } from './summary.ts';

class Small extends Module<[Tensor]> {
  readonly hidden: Linear;
  readonly head: Linear;

  constructor(seed: number) {
    super();
    const random = randomStream(seed, 'small');
    this.hidden = new Linear(2, 8, { random });
    this.head = new Linear(8, 2, { random });
  }

  override forward(x: Tensor): Tensor {
    return this.head.call(this.hidden.call(x));
  }
}

const methods: readonly Method<Small>[] = [
  { name: 'head', rates: [1e-9, 3e-2], prepare: (model) => trainOnly(model, 'head.*') },
  { name: 'full', rates: [3e-2], prepare: (model) => trainOnly(model, '**') },
];

beforeAll(() => useWasm());

/** Which of two numbers is larger. */
function compareSmall(names?: readonly string[]) {
  const numbers = randomStream(1, 'numbers').normal(240);
  const inputs = tensor2d(numbers, [120, 2]);
  const targets = tensor1d(
    Int32Array.from({ length: 120 }, (_, row) => Number(numbers[2 * row]! > numbers[2 * row + 1]!)),
    'int32',
  );
  const batches = (shuffle: boolean, seed: number) =>
    tensorBatches({ inputs, targets }, { batchSize: 20, shuffle, seed });
  const rows = compare<Small>(
    {
      methods: chosen(methods, names),
      seeds: [1, 2],
      epochs: 15,
      build: (seed) => new Small(seed),
      parts: (seed) => ({
        train: batches(true, seed),
        test: batches(false, 0),
        fit: batches(true, seed),
        validation: batches(false, 0),
      }),
    },
    () => {},
  );
  return rows.finally(() => {
    inputs.dispose();
    targets.dispose();
  });
}

describe('a comparison', () => {
  it('takes the rate that validation prefers, trains by every seed, and leaves no tensor', async () => {
    const before = memory().numTensors;
    const [head, full] = await compareSmall();
    expect(memory().numTensors).toBe(before);
    expect(head).toMatchObject({ method: 'head', learningRate: 3e-2, trainableParameters: 18 });
    expect(Object.keys(head!.validation!)).toEqual(['1e-9', '0.03']);
    expect(full).toMatchObject({ learningRate: 3e-2, validation: {}, trainableParameters: 42 });
    for (const row of [head!, full!]) {
      const { 1: first, 2: second } = row.accuracies;
      expect(row.accuracy).toBeCloseTo((first! + second!) / 2, 9);
      expect(row.accuracy).toBeGreaterThan(0.9);
    }
    expect(full!.peakBytes).toBeGreaterThan(head!.peakBytes);
    expect((await compareSmall(['full']))[0]!.accuracies).toEqual(full!.accuracies);
  });

  it('of a method that there is not is refused with the names that there are', () => {
    expect(() => chosen(methods, ['ful'])).toThrow('no method "ful"; there are head, full');
  });

  it('may add to an earlier one: rows of other methods stay, those of the same are replaced', async () => {
    const [row] = await compareSmall(['full']);
    const folder = mkdtempSync(join(tmpdir(), 'tapgrad-accuracy-'));
    const file = join(folder, 'earlier.json');
    const summary = { experiment: 'small', about: 'larger or not', seeds: [1, 2] };
    const earlier = summarize({
      ...summary,
      rows: [
        { ...row!, method: 'other' },
        { ...row!, accuracy: 0 },
      ],
    });
    writeFileSync(file, JSON.stringify(earlier.raw));
    const report = summarize({ ...summary, rows: [row!], addTo: file });
    expect(report.figures).toEqual({ other: row!.accuracy, full: row!.accuracy });
    expect(report.raw.rows).toHaveLength(2);
    rmSync(folder, { recursive: true });
  });
});
