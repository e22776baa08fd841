import { type GradientMap, markModified, type Stack } from '@tapgrad/core';
import {
  add,
  addN,
  backend,
  clipByValue,
  div,
  engine,
  getBackend,
  getKernel,
  keep,
  minimum,
  mul,
  type Scalar,
  sqrt,
  square,
  sum,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';

/** The largest norm of all gradients together (Pascanu et al. 2013), or the largest absolute value of any element. */
export type Clip = { readonly norm: number } | { readonly value: number };

/** Norm and scaling of all gradients in one call, for backends to which a call is dear. */
const kernelName = 'tapgrad.ClipByGlobalNorm';
/** PyTorch's (clip_grad_norm_). */
const epsilon = 1e-6;

/** Clips the gradients of each update while a run lasts. */
export class Clipper {
  private norm: Scalar | undefined;
  private readonly untap: () => void;

  constructor(
    stack: Stack<unknown>,
    private readonly clip: Clip,
  ) {
    // After every plugin.
    const last = { plugin: 'trainer', rank: Number.POSITIVE_INFINITY, enabled: true };
    this.untap = stack.hooks.gradientsOfStep.tap(last, (gradients) => this.clipped(gradients));
  }

  /** The norm before clipping, of the last update; undefined when clipping by value. */
  async takeNorm(): Promise<number | undefined> {
    const { norm } = this;
    this.norm = undefined;
    const [value] = (await norm?.data()) ?? [];
    norm?.dispose();
    return value;
  }

  dispose(): void {
    this.norm?.dispose();
    this.norm = undefined;
    this.untap();
  }

  private clipped(gradients: GradientMap): GradientMap {
    const { clip } = this;
    if ('value' in clip) return mapped(gradients, (gradient) => clipByValue(gradient, -clip.value, clip.value));
    if (gradients.size === 0) return gradients;
    this.norm?.dispose();
    this.norm = undefined;
    if (getKernel(kernelName, getBackend())) return this.inPlace(gradients, clip.norm);
    this.norm = keep(globalNorm(gradients));
    const scale = minimum(div(clip.norm, add(this.norm, epsilon)), 1);
    return mapped(gradients, (gradient) => mul(gradient, scale));
  }

  private inPlace(gradients: GradientMap, largest: number): GradientMap {
    // A buffer that other tensors see as well is copied before it is written.
    const owned = mapped(gradients, (each) => (backend().refCount(each.dataId) === 1 ? each : mul(each, 1)));
    const norm = engine().runKernel(kernelName, Object.fromEntries(owned), { largest, epsilon });
    this.norm = keep(norm as Scalar);
    for (const gradient of owned.values()) markModified(gradient);
    return owned;
  }
}

/** Root of the sum of squares of all elements of all gradients. */
export function globalNorm(gradients: GradientMap): Scalar {
  return tidy(() => sqrt(addN([...gradients.values()].map((gradient) => tidy(() => sum(square(gradient))))))) as Scalar;
}

/** Each gradient is disposed as soon as its successor is made: they are never all there twice. */
function mapped(gradients: GradientMap, f: (gradient: Tensor) => Tensor): GradientMap {
  return new Map(
    [...gradients].map(([name, gradient]) => {
      const made = f(gradient);
      if (made !== gradient) gradient.dispose();
      return [name, made];
    }),
  );
}
