import { attach, type Stack } from '@tapgrad/core';
import { ladder } from '@tapgrad/ladder';
import { crossEntropy, type SentenceEncoder } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import type { Tensor } from '@tensorflow/tfjs-core';

/** The encoder with a ladder beside it and a new classifier; the encoder itself is never trained, nor is it taped. */
export function ladderStack(
  encoder: SentenceEncoder,
  classes: number,
  { learningRate = 0, seed }: { readonly learningRate?: number; readonly seed: number },
): Stack<Tensor> {
  return attach(encoder, [ladder({ blocks: 'layers.*', reduction: 8, init: 'random', head: { classes } })], {
    loss: (logits, { targets }) => crossEntropy(logits, targets as Tensor),
    optimizer: adamw({ learningRate }),
    seed,
  });
}

/** Frees what `ladderStack` made; the encoder is as it was. */
export function release(stack: Stack<Tensor>): void {
  stack.detach();
  stack.options.optimizer?.dispose();
}
