import { localLearning, momentumAuxiliary, syntheticGradients } from '@tapgrad/momentum-auxiliary';
import type { ResNet } from '@tapgrad/nn';
import type { Method } from '../experiment/method.ts';

// One rate for all: every method trains the same network from scratch.
const rates = [3e-3];

/** What is compared on a small residual network of six blocks. */
export const fashionLocalMethods: readonly Method<ResNet>[] = [
  { name: 'full', rates, prepare: () => [] },
  { name: 'local-K=2', rates, prepare: () => [localLearning({ parts: 2 })] },
  { name: 'man-K=2', rates, prepare: () => [momentumAuxiliary({ parts: 2 })] },
  { name: 'local-K=3', rates, prepare: () => [localLearning({ parts: 3 })] },
  { name: 'man-K=3', rates, prepare: () => [momentumAuxiliary({ parts: 3 })] },
  { name: 'dni-K=2', rates, prepare: () => [syntheticGradients({ parts: 2, conditional: true })] },
];
