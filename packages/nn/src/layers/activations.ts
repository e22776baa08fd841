import { type GeluApproximation, gelu, hardSwish, Module, silu } from '@tapgrad/core';
import {
  add,
  elu,
  leakyRelu,
  mul,
  relu,
  relu6,
  sigmoid,
  softmax,
  softplus,
  type Tensor,
  tanh,
} from '@tensorflow/tfjs-core';

export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** `min(max(x, 0), 6)`. */
export class ReLU6 extends Module {
  override forward(x: Tensor): Tensor {
    return relu6(x);
  }
}

/** `x` for positive x, `slope * x` else. */
export class LeakyReLU extends Module {
  constructor(readonly slope = 0.01) {
    super();
  }
  override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.slope);
  }
}

/** `x` for positive x, `exp(x) - 1` else. */
export class ELU extends Module {
  override forward(x: Tensor): Tensor {
    return elu(x);
  }
}

/** Gaussian error linear unit: exact, or BERT's and GPT's tanh approximation. */
export class GELU extends Module {
  constructor(readonly approximate: GeluApproximation = 'none') {
    super();
  }
  override forward(x: Tensor): Tensor {
    return gelu(x, { approximate: this.approximate });
  }
}

/** `x * sigmoid(x)`, also called swish. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/** `x * relu6(x + 3) / 6`. */
export class HardSwish extends Module {
  override forward(x: Tensor): Tensor {
    return hardSwish(x);
  }
}

/** `relu6(x + 3) / 6`. */
export class HardSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return mul(relu6(add(x, 3)), 1 / 6);
  }
}

export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

export class Softplus extends Module {
  override forward(x: Tensor): Tensor {
    return softplus(x);
  }
}

/** Over the last axis. */
export class Softmax extends Module {
  override forward(x: Tensor): Tensor {
    return softmax(x);
  }
}

export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}

const byName = {
  relu: () => new ReLU(),
  relu6: () => new ReLU6(),
  'leaky-relu': () => new LeakyReLU(),
  elu: () => new ELU(),
  gelu: () => new GELU(),
  'gelu-tanh': () => new GELU('tanh'),
  silu: () => new SiLU(),
  'hard-swish': () => new HardSwish(),
  'hard-sigmoid': () => new HardSigmoid(),
  tanh: () => new Tanh(),
  sigmoid: () => new Sigmoid(),
  softplus: () => new Softplus(),
  identity: () => new Identity(),
} as const;

export type ActivationName = keyof typeof byName;

/** A new activation module by its name in a configuration. */
export function activation(name: ActivationName): Module {
  return byName[name]();
}
