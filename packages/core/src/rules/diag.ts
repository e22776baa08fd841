import { gather, range, reshape } from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

rule<'x'>('Diag', {
  inputs: ['x'],
  backward: ({ dy, shapes }) => ({
    x: () => {
      const size = shapes.x.reduce((product, extent) => product * extent, 1);
      return reshape(gather(reshape(dy, [size * size]), range(0, size * size, size + 1, 'int32')), shapes.x);
    },
  }),
});
