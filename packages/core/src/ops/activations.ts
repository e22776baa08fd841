import {
  abs,
  add,
  erf,
  exp,
  less,
  mul,
  relu6,
  sigmoid,
  square,
  step,
  sub,
  type Tensor,
  tanh,
  where,
} from '@tensorflow/tfjs-core';
import { scoped } from '../engine-seam.ts';
import { activatedBefore } from './activated-linear.ts';
import { inSteps, ownOp, runKernelIfAny } from './own-op.ts';

interface Activation<A extends object> {
  readonly name: string;
  forward(x: Tensor, attrs: A): Tensor;
  /** f'(x), for backends without a fused gradient kernel. */
  derivative(x: Tensor, attrs: A): Tensor;
}

function activation<A extends object>({ name, forward, derivative }: Activation<A>): (x: Tensor, attrs: A) => Tensor {
  const run = ownOp<'x', A>(
    {
      name,
      inputs: ['x'],
      role: 'derivative',
      cheap: true,
      forward: ({ x }, attrs) => forward(x as Tensor, attrs),
      saves: () => ['x'],
      backward: ({ dy, saved, attrs, timesCoded, release }) => ({
        x() {
          const coded = timesCoded('x');
          if (coded) return coded;
          const fused = runKernelIfAny(`${name}Grad`, { dy, x: saved.x }, attrs) as Tensor | undefined;
          if (fused) return fused;
          const slope = scoped(() => derivative(saved.x, attrs));
          release('x');
          return mul(dy, slope);
        },
      }),
    },
    { before: ({ x }, attrs) => activatedBefore(name, x as Tensor, attrs), saves: 'x' },
  );
  return (x, attrs) => run({ x }, attrs);
}

export type GeluApproximation = 'none' | 'tanh';

const inverseRoot2 = Math.SQRT1_2;
const rootOf2OverPi = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

const runGelu = activation<{ approximate: GeluApproximation }>({
  name: 'tapgrad.Gelu',
  forward: (x, { approximate }) => mul(x, approximate === 'tanh' ? tanhCdf(x) : normalCdf(x)),
  derivative: (x, { approximate }) => (approximate === 'tanh' ? tanhSlope(x) : normalSlope(x)),
});

/** Φ(x). */
function normalCdf(x: Tensor): Tensor {
  return inSteps(
    x,
    (v) => mul(v, inverseRoot2),
    erf,
    (v) => add(v, 1),
    (v) => mul(v, 0.5),
  );
}

/** Φ(x) + x φ(x). */
function normalSlope(x: Tensor): Tensor {
  return inSteps(
    x,
    square,
    (v) => mul(v, -0.5),
    exp,
    (v) => mul(v, 1 / Math.sqrt(2 * Math.PI)),
    (density) => mul(x, density),
    (v) => add(normalCdf(x), v),
  );
}

function tanhCdf(x: Tensor): Tensor {
  return inSteps(
    x,
    square,
    (v) => mul(v, cubic),
    (v) => add(v, 1),
    (v) => mul(x, v),
    (v) => mul(v, rootOf2OverPi),
    tanh,
    (v) => add(v, 1),
    (v) => mul(v, 0.5),
  );
}

/** cdf + 2x · cdf (1 − cdf) · the slope of what is under the tanh. */
function tanhSlope(x: Tensor): Tensor {
  const cdf = tanhCdf(x);
  const bell = inSteps(
    cdf,
    (v) => sub(1, v),
    (v) => mul(cdf, v),
    (v) => mul(mul(x, 2), v),
  );
  return inSteps(
    x,
    square,
    (v) => mul(v, 3 * cubic),
    (v) => add(v, 1),
    (v) => mul(v, rootOf2OverPi),
    (v) => mul(bell, v),
    (v) => add(cdf, v),
  );
}

/** Gaussian error linear unit (Hendrycks & Gimpel 2016): `x · Φ(x)`, exact or with the tanh approximation. Saves x alone. */
export function gelu(x: Tensor, { approximate = 'none' }: { approximate?: GeluApproximation } = {}): Tensor {
  return runGelu(x, { approximate });
}

const runSilu = activation<object>({
  name: 'tapgrad.Silu',
  forward: (x) => mul(x, sigmoid(x)),
  derivative(x) {
    const s = sigmoid(x);
    return inSteps(
      s,
      (v) => sub(1, v),
      (v) => mul(x, v),
      (v) => add(v, 1),
      (v) => mul(s, v),
    );
  },
});

/** Sigmoid linear unit, also called swish: `x · σ(x)`. Saves x alone. */
export function silu(x: Tensor): Tensor {
  return runSilu(x, {});
}

const runHardSwish = activation<object>({
  name: 'tapgrad.HardSwish',
  forward: (x) => mul(mul(x, relu6(add(x, 3))), 1 / 6),
  // 0 below −3, 1 above 3, (2x + 3) / 6 between (Howard et al. 2019).
  derivative(x) {
    const inside = mul(add(mul(x, 2), 3), 1 / 6);
    return where(less(abs(x), 3), inside, step(x));
  },
});

/** Hard swish (Howard et al. 2019, MobileNetV3): `x · relu6(x + 3) / 6`. Saves x alone. */
export function hardSwish(x: Tensor): Tensor {
  return runHardSwish(x, {});
}
