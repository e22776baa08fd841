import { Module } from '@tapgrad/core';
import * as v from 'valibot';
import { coefficient, variant } from '../base/options.ts';

type Network = Module<never, unknown>;
type NetworkOrMaker = Network | (() => Network);

const network = v.custom<NetworkOrMaker>(
  (value) => value instanceof Module || typeof value === 'function',
  'network must be a Module, or a function that makes one',
);

export const antiTransferOptions = v.pipe(
  v.strictObject({
    /** The frozen network. A module remains the caller's; what a function makes is disposed with the plugin. */
    network,
    /** Patterns of tap points that both networks have, for example `layer1.*` (outputs) or `fc:input`. */
    at: v.union([v.string(), v.pipe(v.array(v.string()), v.minLength(1))]),
    /** Factor of the sum over points. At 0 the plugin does nothing. */
    beta: v.optional(coefficient, 1),
    /** How channels are summarised before they are compared. */
    aggregation: v.optional(
      v.picklist(['gram', 'mean', 'sum', 'max', 'product', 'pairwise', 'stochastic-pairwise', 'none']),
      'gram',
    ),
    distance: v.optional(v.picklist(['cos-squared', 'minus-sigmoid-mse']), 'cos-squared'),
    /** `reference-code` multiplies the squared cosine by β twice. */
    variant,
  }),
  // Checkpoints list a plugin's options: a network does not belong there.
  v.transform((options) => Object.defineProperty(options, 'network', { enumerable: false })),
);

export type AntiTransferOptions = v.InferInput<typeof antiTransferOptions>;
export type CheckedAntiTransferOptions = v.InferOutput<typeof antiTransferOptions>;
