import { einsum } from '@tensorflow/tfjs-core';
import { type OpSpec, opSpec } from '../op-spec.ts';

const row = opSpec<{ readonly equation: string }>({
  kernel: 'Einsum',
  run: (operands, { equation }) => einsum(equation, ...operands),
  samples: [
    { inputs: [{ shape: [2, 3] }, { shape: [3, 4] }], attrs: { equation: 'ij,jk->ik' } },
    { inputs: [{ shape: [3] }, { shape: [3] }], attrs: { equation: 'i,i->' } },
    { inputs: [{ shape: [2] }, { shape: [3] }], attrs: { equation: 'i,j->ij' } },
    { inputs: [{ shape: [2, 3] }], attrs: { equation: 'ij->ji' } },
    { inputs: [{ shape: [2, 3] }], attrs: { equation: 'ij->' } },
    { inputs: [{ shape: [2, 3] }], attrs: { equation: 'ij->j' } },
    { inputs: [{ shape: [2, 2, 3] }, { shape: [2, 3, 2] }], attrs: { equation: 'bij,bjk->bki' } },
    { inputs: [{ shape: [1, 2, 2, 3] }, { shape: [1, 3, 2, 3] }], attrs: { equation: 'bnhd,bmhd->bhnm' } },
    { inputs: [{ shape: [2, 3] }, { shape: [3, 2, 2] }], attrs: { equation: 'ai,ibc->ab' } },
    { inputs: [{ shape: [] }, { shape: [2, 2] }], attrs: { equation: ',ij->ji' } },
  ],
  errors: [
    { inputs: [{ shape: [2, 2] }], attrs: { equation: 'ii->i' }, message: /duplicate axes/ },
    { inputs: [{ shape: [2] }], attrs: { equation: 'i' }, message: /arrow/ },
  ],
});

export const einsumSpecs: readonly OpSpec[] = [row];
