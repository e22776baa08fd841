import { add, pad, reverse, slice, type Tensor } from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

type Paddings = [number, number][];

rule<'x', { paddings: Paddings }>('PadV2', {
  inputs: ['x'],
  backward: ({ dy, attrs, shapes }) => ({
    x: () =>
      slice(
        dy,
        attrs.paddings.map(([before]) => before),
        shapes.x,
      ),
  }),
});

/** The mirrored borders are added back to where they came from (tfjs drops them). */
rule<'x', { paddings: Paddings; mode: 'reflect' | 'symmetric' }>('MirrorPad', {
  inputs: ['x'],
  backward: ({ dy, attrs, shapes }) => ({
    x: () =>
      attrs.paddings.reduce<Tensor>(
        (gradient, [before, after], axis) =>
          before + after === 0
            ? gradient
            : fold(gradient, axis, before, shapes.x[axis]!, attrs.mode === 'reflect' ? 1 : 0),
        dy,
      ),
  }),
});

/** Undoes the mirroring of one axis; `skipped` is 1 where the edge element itself is not repeated. */
function fold(dy: Tensor, axis: number, before: number, extent: number, skipped: 0 | 1): Tensor {
  const after = dy.shape[axis]! - before - extent;
  const part = (begin: number, size: number): Tensor =>
    slice(
      dy,
      dy.shape.map((_, i) => (i === axis ? begin : 0)),
      dy.shape.map((full, i) => (i === axis ? size : full)),
    );
  const place = (x: Tensor, begin: number): Tensor => {
    const rest = extent - begin - x.shape[axis]!;
    return pad(
      x,
      x.shape.map((_, i) => (i === axis ? [begin, rest] : [0, 0]) as [number, number]),
    );
  };
  let gradient = part(before, extent);
  if (before > 0) gradient = add(gradient, place(reverse(part(0, before), axis), skipped));
  if (after > 0) {
    gradient = add(gradient, place(reverse(part(before + extent, after), axis), extent - after - skipped));
  }
  return gradient;
}
