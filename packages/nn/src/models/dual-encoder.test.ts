import { randomStream, valueAndGrad } from '@tapgrad/core';
import { expectNoLeak, gradcheck } from '@tapgrad/testing';
import { dispose, norm, scalar, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { Linear } from '../layers/index.ts';
import { randomTensor } from '../test-support.ts';
import {
  contrastiveLoss,
  DualEncoder,
  type DualEncoderOutputs,
  TextEncoder,
  VisionTransformer,
  zeroShotLogits,
  zeroShotLoss,
} from './index.ts';

function build(projections = true): DualEncoder {
  const random = randomStream(3, 'dual encoder');
  const blocks = { heads: 2, layers: 1, hidden: 8, random } as const;
  return new DualEncoder({
    image: new VisionTransformer({ ...blocks, width: 8, imageSize: 8, patchSize: 4, channels: 1 }),
    text: new TextEncoder({ ...blocks, width: projections ? 6 : 8, vocabularySize: 7, maxTokens: 4 }),
    ...(projections && {
      imageProjection: new Linear(8, 5, { bias: false, random }),
      textProjection: new Linear(6, 5, { bias: false, random }),
    }),
  });
}

const images = () => randomTensor([4, 8, 8, 1]);
const texts = () => tensor([1, 2, -1, 3, 4, 5, 6, -1, -1], [3, 3], 'int32');

function outputs(image: number[][], text: number[][], scale: number): DualEncoderOutputs {
  return { image: tensor(image), text: tensor(text), scale: scalar(scale) };
}

describe('a dual encoder', () => {
  it.each([true, false])('gives rows of length 1 in one space (projections: %s), and its scale', (projections) => {
    const model = build(projections);
    tidy(() => {
      const { image, text, scale } = model.call(images(), texts());
      expect([image.shape, text.shape]).toEqual(
        projections
          ? [
              [4, 5],
              [3, 5],
            ]
          : [
              [4, 8],
              [3, 8],
            ],
      );
      for (const each of [image, text])
        for (const length of norm(each, 2, 1).dataSync()) expect(length).toBeCloseTo(1, 12);
      expect(scale.dataSync()[0]).toBeCloseTo(Math.log(1 / 0.07), 12);
    });
    model.dispose();
  });

  it('runs one tower alone where the other has no input', () => {
    const model = build();
    tidy(() => {
      const both = model.call(images(), texts());
      const [image, text] = [model.call(images(), undefined), model.call(undefined, texts())];
      expect(image.image.dataSync()).toEqual(both.image.dataSync());
      expect(text.text.dataSync()).toEqual(both.text.dataSync());
      expect([image.text.shape, text.image.shape]).toEqual([
        [0, 5],
        [0, 5],
      ]);
    });
    model.dispose();
  });

  it('has a gradient in every parameter, and leaves nothing', () => {
    const model = build();
    const [x, ids, labels] = [images(), texts(), tensor([2, 0, 1, 1], [4], 'int32')];
    const parameters = Object.fromEntries(
      [...model.namedParameters()].map(([name, parameter]) => [name, parameter.variable as Tensor]),
    );
    expectNoLeak(() => {
      const { value, gradients } = valueAndGrad(() => zeroShotLoss(model.call(x, ids), labels), parameters);
      for (const [name, gradient] of Object.entries(gradients)) {
        expect([name, gradient.dataSync().some((each) => each !== 0)]).toEqual([name, true]);
      }
      dispose([value, ...Object.values(gradients)]);
    });
    dispose([x, ids, labels]);
    model.dispose();
  });

  it('keeps its parameter when its outputs are disposed', () => {
    const model = build();
    const [x, ids] = [images(), texts()];
    dispose(model.call(x, ids) as never);
    expect(model.logitScale.variable.dataSync()[0]).toBeCloseTo(Math.log(1 / 0.07), 12);
    dispose([x, ids]);
    model.dispose();
  });

  it('refuses towers of different widths, and a temperature of 0', () => {
    const options = { image: new Linear(3, 4), text: new Linear(3, 5) };
    const model = new DualEncoder(options);
    tidy(() => {
      const call = () => model.call(randomTensor([2, 3]), randomTensor([2, 3]));
      expect(call).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
    });
    model.dispose();
    expect(() => new DualEncoder({ ...options, temperature: 0 })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    );
  });
});

describe('losses of a dual encoder', () => {
  it('multiply cosines with exp(scale)', () => {
    tidy(() => {
      const logits = zeroShotLogits(
        outputs(
          [
            [1, 0],
            [0.6, 0.8],
          ],
          [
            [0, 1],
            [1, 0],
            [0.8, 0.6],
          ],
          Math.log(10),
        ),
      );
      const expected = [0, 10, 8, 8, 6, 9.6];
      for (const [i, value] of logits.dataSync().entries()) expect(value).toBeCloseTo(expected[i] as number, 12);
    });
  });

  it('have the values that cross-entropies by hand have', () => {
    tidy(() => {
      const given = outputs(
        [
          [1, 0],
          [0, 1],
        ],
        [
          [1, 0],
          [0.6, 0.8],
        ],
        0,
      );
      const logSumExp = (...values: number[]) => Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0));
      const rows = (logSumExp(1, 0.6) - 1 + logSumExp(0, 0.8) - 0.8) / 2;
      const columnsOf = (logSumExp(1, 0) - 1 + logSumExp(0.6, 0.8) - 0.8) / 2;
      expect(zeroShotLoss(given, tensor([0, 1], [2], 'int32')).dataSync()[0]).toBeCloseTo(rows, 12);
      expect(contrastiveLoss(given).dataSync()[0]).toBeCloseTo((rows + columnsOf) / 2, 12);
    });
  });

  it('have the gradients that central differences show', () => {
    const [image, text, scale] = [randomTensor([3, 4]), randomTensor([3, 4]), scalar(0.5)];
    gradcheck(
      (i, t, s) => contrastiveLoss({ image: i, text: t, scale: s } as DualEncoderOutputs),
      [image, text, scale],
    );
    dispose([image, text, scale]);
  });

  it('refuse as pairs what are none', () => {
    tidy(() => {
      const call = () =>
        contrastiveLoss(
          outputs(
            [[1, 0]],
            [
              [1, 0],
              [0, 1],
            ],
            0,
          ),
        );
      expect(call).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
    });
  });
});
