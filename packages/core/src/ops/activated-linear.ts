import type { Tensor } from '@tensorflow/tfjs-core';
import { hold, scoped, shareBuffer } from '../engine-seam.ts';
import { bufferVersion } from '../tape/buffer-marks.ts';
import { activeTapes } from '../tape/recorder.ts';
import { runKernelIfAny } from './own-op.ts';

/** An activation that a backend may compute at the end of a product: its kernel's name and attributes. */
export interface FusibleActivation {
  readonly kernel: 'tapgrad.Gelu' | 'tapgrad.Silu' | 'tapgrad.HardSwish';
  readonly approximate?: 'none' | 'tanh';
}

interface Expected {
  readonly activation: FusibleActivation;
  /** Made of the next linear layer. */
  made?: { readonly z: Tensor; readonly version: number; readonly y: Tensor };
  used: boolean;
}

let expected: Expected | undefined;

/**
 * Runs `f`, in which a linear layer comes first and then this activation of its output. Where the backend has the kernel
 * `tapgrad.LinearActivation` both are computed in one pass. Everything else is as it would be: two nodes on the tape, the same values saved, and the same
 * tap points; if a tap puts another tensor in the place of the layer's output, the activation is computed of that one. Where plugins are asked what
 * is saved, the activation runs by itself: a code of its derivative is then written in its own pass.
 */
export function activatingLinear<T>(activation: FusibleActivation | undefined, f: () => T): T {
  if (!activation) return f();
  const around = expected;
  expected = { activation, used: false };
  try {
    return f();
  } finally {
    forget(expected);
    expected = around;
  }
}

function forget(state: Expected): void {
  state.made?.z.dispose();
  state.made?.y.dispose();
  delete state.made;
}

/** The output of a linear layer with the activation's beside it, if one is expected and the backend has the kernel. */
export function linearBefore(x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor | undefined {
  const state = expected;
  if (!state || state.used) return undefined;
  state.used = true;
  if (activeTapes().some((tape) => tape.store.plans)) return undefined;
  const made = scoped(() => runKernelIfAny('tapgrad.LinearActivation', { x, weight, bias }, state.activation));
  if (!made) return undefined;
  const [z, y] = made as [Tensor, Tensor];
  // Handles of their own: the layer's scope ends before the activation begins.
  state.made = { z: hold(shareBuffer(z)), version: bufferVersion(z.dataId), y: hold(y) };
  return z;
}

/** The activation of `z`, if it was made with it; the caller's scope owns it. */
export function activatedBefore(
  kernel: string,
  z: Tensor,
  attrs: { readonly approximate?: string },
): Tensor | undefined {
  const state = expected;
  const { made, activation } = state ?? {};
  if (!state || !made || made.z.dataId !== z.dataId || activation?.kernel !== kernel) return undefined;
  if (activation.approximate !== attrs.approximate || bufferVersion(z.dataId) !== made.version) return undefined;
  const y = shareBuffer(made.y, z.shape);
  forget(state);
  return y;
}
