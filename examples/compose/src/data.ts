import { type Batch, type RandomStream, randomStream } from '@tapgrad/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

export const classes = 4;

export interface MadeBatch extends Batch {
  readonly inputs: Tensor;
  readonly targets: Tensor;
  dispose(): void;
}

/** Data that need no download: the same for the same number of the batch, and learnable. */
export type Data = (batch: number, samples: number) => MadeBatch;

/** Token ids `[samples, tokens]`: half of a text's tokens are of its topic, the others of any. */
export function texts(tokens: number, vocabulary: number): Data {
  return (number, samples) => {
    const random = randomStream(11, 'texts', number);
    const labels = labelsOf(random, samples);
    const topic = Math.floor(vocabulary / classes);
    const ids = Int32Array.from({ length: samples * tokens }, (_, i) => {
      const label = labels[Math.floor(i / tokens)] as number;
      return random.next() < 0.5 ? label * topic + random.integer(topic) : random.integer(vocabulary);
    });
    return made(tensor(ids, [samples, tokens], 'int32'), labels);
  };
}

/** Images `[samples, size, size, channels]`: stripes whose direction is the class, at any place, under noise, in [0, 1]. */
export function images(size: number, channels: number): Data {
  return (number, samples) => {
    const random = randomStream(11, 'images', number);
    const labels = labelsOf(random, samples);
    const values = new Float32Array(samples * size * size * channels);
    const noise = random.normal(values.length, 0, 0.3);
    for (let sample = 0; sample < samples; sample++) {
      const angle = (Math.PI * (labels[sample] as number)) / classes;
      const phase = random.next() * 2 * Math.PI;
      for (let at = 0; at < size * size; at++) {
        const along = (at % size) * Math.cos(angle) + Math.floor(at / size) * Math.sin(angle);
        const stripe = 0.5 + 0.4 * Math.sin((2 * Math.PI * along) / 6 + phase);
        for (let channel = 0; channel < channels; channel++) {
          const position = (sample * size * size + at) * channels + channel;
          values[position] = Math.min(Math.max(stripe + (noise[position] as number), 0), 1);
        }
      }
    }
    return made(tensor(values, [samples, size, size, channels]), labels);
  };
}

function labelsOf(random: RandomStream, samples: number): Int32Array {
  return Int32Array.from({ length: samples }, () => random.integer(classes));
}

function made(inputs: Tensor, labels: Int32Array): MadeBatch {
  const targets = tensor(labels, [labels.length], 'int32');
  const dispose = () => {
    inputs.dispose();
    targets.dispose();
  };
  return { inputs, targets, dispose };
}
