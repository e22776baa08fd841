import { attach, definePlugin, Module, type TapContext } from '@tapgrad/core';
import { dispose, scalar, type Tensor } from '@tensorflow/tfjs-core';
import { Collected, type Features } from '../base/feature-taps.ts';
import type { CheckedAntiTransferOptions } from './options.ts';

type Network = Module<never, unknown>;

/** A second network, in a stack of its own while it runs: nobody trains it, and it is left as it was. */
export class FrozenNetwork {
  private made: Network | undefined;

  constructor(
    private readonly given: CheckedAntiTransferOptions['network'],
    private readonly patterns: readonly string[],
  ) {}

  /**
   * What passes its tap points: no tape, no statistics update, no random draw; in the scope of the caller.
   * @throws TapgradError TAP_UNMATCHED; ALREADY_ATTACHED if it is the model itself
   */
  features(inputs: readonly unknown[]): Features {
    const collected = new Collected();
    this.running(
      (value, place) => collected.add(value, place),
      (predict) => dispose(predict(...inputs) as Tensor),
    );
    return collected.features;
  }

  /** Refuses patterns that match nothing in it, if it is there already. */
  check(): void {
    if (this.given instanceof Module)
      this.running(
        () => undefined,
        () => undefined,
      );
  }

  private running(see: (value: unknown, place: TapContext) => void, f: (predict: Predict) => void): void {
    const reader = definePlugin({
      name: 'frozen-network',
      apply: ({ hooks }) => {
        for (const pattern of this.patterns) hooks.tap(pattern).forward<unknown>(see);
      },
    });
    const stack = attach(this.network(), [reader()], { loss: () => scalar(0) });
    try {
      f((...inputs) => stack.predict(...inputs));
    } finally {
      stack.detach();
    }
  }

  private network(): Network {
    if (this.given instanceof Module) return this.given;
    this.made ??= this.given();
    return this.made;
  }

  dispose(): void {
    this.made?.dispose();
    this.made = undefined;
  }
}

type Predict = (...inputs: unknown[]) => unknown;
