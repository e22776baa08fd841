import { embedding, Module, type Parameter } from '@tapgrad/core';
import { maximum, scalar, type Tensor } from '@tensorflow/tfjs-core';
import { initialParameter } from '../initializers/build.ts';
import { type Initializer, normal } from '../initializers/initializers.ts';
import { checkSizes, type RandomOption } from './options.ts';

export interface EmbeddingOptions extends RandomOption {
  /** Default: standard normal. */
  readonly initializer?: Initializer;
}

/**
 * A table of vectors looked up by id: int32 `[...]` to `[..., width]`. A negative id (padding) reads row 0, whose
 * gradient is then what flows back from the padding: mask it, as the models here do.
 */
export class Embedding extends Module {
  readonly weight: Parameter;

  constructor(
    readonly size: number,
    readonly width: number,
    options: EmbeddingOptions = {},
  ) {
    super();
    checkSizes('Embedding', { size, width });
    this.weight = initialParameter([size, width], options.initializer ?? normal(), options.random);
  }

  override forward(ids: Tensor): Tensor {
    return embedding(this.weight.read(), maximum(ids, scalar(0, 'int32')));
  }
}
