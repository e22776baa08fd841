import { add, concat, mul, reshape, slice, type Tensor, type Tensor1D, tidy, zeros } from '@tensorflow/tfjs-core';
import { TapgradError } from '../errors.ts';
import type { Parameter } from '../module/parameter.ts';
import { untaped } from '../tape/recorder.ts';

/** Where one parameter lies in the vector. */
export interface VectorSegment {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** Many parameters as one vector. The manifest fixes their order: that of the map. */
export class ParameterVector {
  readonly manifest: readonly VectorSegment[];
  readonly size: number;

  constructor(private readonly parameters: ReadonlyMap<string, Parameter>) {
    let offset = 0;
    this.manifest = [...parameters].map(([name, { shape, size }]) => {
      const segment = { name, shape, offset, size };
      offset += size;
      return segment;
    });
    this.size = offset;
  }

  /** The parameters now, `[size]`. The caller owns it. */
  flatten(): Tensor1D {
    return this.join((name) => this.parameters.get(name)?.variable);
  }

  /** Values by name, for example gradients, as one vector; zeros where a name is missing. */
  gather(values: ReadonlyMap<string, Tensor>): Tensor1D {
    return this.join((name) => values.get(name));
  }

  /** Adds `factor · vector` to the parameters. */
  axpy(factor: number, vector: Tensor): void {
    this.each(vector, (parameter, part) => parameter.assign(add(parameter.variable, mul(part, factor))));
  }

  /** Stores the vector in the parameters, bit for bit. */
  restore(vector: Tensor): void {
    this.each(vector, (parameter, part) => parameter.assign(part));
  }

  /** The parts of a vector by parameter name, each in the parameter's shape. The caller owns them. */
  split(vector: Tensor): Map<string, Tensor> {
    this.check(vector);
    return new Map(
      this.manifest.map(({ name, shape, offset, size }) => [
        name,
        tidy(() => reshape(slice(reshape(vector, [-1]), offset, size), [...shape])),
      ]),
    );
  }

  private join(lookUp: (name: string) => Tensor | undefined): Tensor1D {
    return untaped(() =>
      tidy(() => {
        const parts = this.manifest.map(({ name, size }) => reshape(lookUp(name) ?? zeros([size]), [-1]) as Tensor1D);
        return parts.length === 0 ? (zeros([0]) as Tensor1D) : concat(parts);
      }),
    );
  }

  private each(vector: Tensor, f: (parameter: Parameter, part: Tensor) => void): void {
    this.check(vector);
    untaped(() => {
      for (const { name, shape, offset, size } of this.manifest) {
        tidy(() =>
          f(this.parameters.get(name) as Parameter, reshape(slice(reshape(vector, [-1]), offset, size), [...shape])),
        );
      }
    });
  }

  private check(vector: Tensor): void {
    if (vector.size === this.size) return;
    throw new TapgradError({
      code: 'SHAPE_MISMATCH',
      message: `a vector of ${vector.size} elements was given for ${this.size} parameters`,
      fix: 'use a vector that this ParameterVector made, or one of the same manifest',
    });
  }
}
