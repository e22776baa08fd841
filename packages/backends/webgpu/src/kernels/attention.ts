import { kernel } from '../register.ts';
import { attentionForward, type ForwardCall } from './attention-forward.ts';
import { attentionGradient, type GradientCall } from './attention-grad.ts';

/** Scaled dot-product attention in tiles: the map of scores is never stored. */
export function registerAttention(): void {
  kernel<ForwardCall['inputs'], ForwardCall['attrs']>('tapgrad.FlashAttention', (call) =>
    attentionForward(call.gpu, call),
  );
  kernel<GradientCall['inputs'], GradientCall['attrs']>('tapgrad.FlashAttentionGrad', (call) =>
    attentionGradient(call.gpu, call),
  );
}
