import { fill, mul, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { isDataless } from '../dataless.ts';
import { TapgradError } from '../errors.ts';
import { currentRandom, type RandomStream } from '../random.ts';
import { currentWhere } from '../tape/where.ts';
import { ownOp } from './own-op.ts';

/**
 * Inverted dropout (Srivastava et al. 2014): each element is 0 with probability `rate`, else divided by 1 − rate.
 * Saves nothing: the mask is drawn again from its stream.
 * @throws TapgradError BAD_OPTION if rate is not in [0, 1)
 */
export function dropout(
  x: Tensor,
  rate: number,
  stream: RandomStream = currentRandom(currentWhere().modulePath),
): Tensor {
  if (!(rate >= 0 && rate < 1)) {
    throw new TapgradError({
      code: 'BAD_OPTION',
      message: `dropout rate is ${rate}`,
      op: 'tapgrad.Dropout',
      fix: 'use a rate from 0 up to, not including, 1',
    });
  }
  if (rate === 0) return x;
  const position = stream.position;
  stream.position += x.size;
  return run({ x }, { rate, stream, position });
}

interface Attributes {
  readonly rate: number;
  readonly stream: RandomStream;
  readonly position: number;
}

const run = ownOp<'x', Attributes>({
  name: 'tapgrad.Dropout',
  inputs: ['x'],
  cheap: true,
  forward: ({ x }, attrs) => mul(x as Tensor, mask((x as Tensor).shape, attrs)),
  backward: ({ dy, attrs }) => ({ x: () => mul(dy, mask(dy.shape, attrs)) }),
});

function mask(shape: readonly number[], { rate, stream, position }: Attributes): Tensor {
  if (isDataless()) return fill([...shape], 1);
  const after = stream.position;
  stream.position = position;
  const draws = stream.uniform(shape.reduce((product, length) => product * length, 1));
  stream.position = after;
  const kept = 1 / (1 - rate);
  return tensor(
    draws.map((draw) => (draw < rate ? 0 : kept)),
    [...shape],
  );
}
