import { type Pair, pair } from './options.ts';

/** `same` as in TensorFlow (one more on the far side when odd), or how many pixels on each side: `[vertical, horizontal]`. */
export type Padding = 'same' | Pair;

type TfjsPadding = 'same' | 'valid' | [[number, number], [number, number], [number, number], [number, number]];

/** The padding as tfjs takes it. Always explicit for numbers: tfjs assumes a square window when it is given a plain one. */
export function tfjsPadding(padding: Padding): TfjsPadding {
  if (padding === 'same') return 'same';
  const [vertical, horizontal] = pair(padding);
  return vertical === 0 && horizontal === 0
    ? 'valid'
    : [
        [0, 0],
        [vertical, vertical],
        [horizontal, horizontal],
        [0, 0],
      ];
}
