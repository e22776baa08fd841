import { add, range, reshape, scatterND, type TopKAttrs } from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

rule<'x', TopKAttrs>('TopK', {
  inputs: ['x'],
  saves: () => ['y1'],
  backward: ({ dy, saved, shapes, attrs: { k } }) => ({
    x: () => {
      const width = shapes.x.at(-1) ?? 1;
      const rows = dy.size / k;
      const offsets = reshape(range(0, rows * width, width, 'int32'), [rows, 1]);
      const flat = add(reshape(saved.y1!, [rows, k]), offsets);
      const scattered = scatterND(reshape(flat, [dy.size, 1]), reshape(dy, [dy.size]), [rows * width]);
      return reshape(scattered, shapes.x);
    },
  }),
});
