import type { Module } from '@tapgrad/core';
import type { SafetensorsFile } from '@tapgrad/safetensors';
import { reshape, squeeze, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { Conv2d, DepthwiseConv2d } from '../../layers/conv-2d.ts';
import { Linear } from '../../layers/linear.ts';

import { type AssignOptions, assignFrom } from '../assign.ts';

/** Tells the name that a parameter or buffer of a model has in a PyTorch state. */
export type PyTorchName = (name: string) => string;

/**
 * Assigns weights saved by PyTorch to a model. Layouts are turned by the kind of layer: linear `[out, in]` to `[in, out]`,
 * convolution `[out, in, height, width]` to `[height, width, in, out]`, depthwise to `[height, width, channels, multiplier]`;
 * leading axes of length 1 are dropped. Everything is checked before anything is assigned.
 * @throws TapgradError `WEIGHT_MISSING` with the first missing name; `STATE_MISMATCH` for a wrong shape
 */
export function assignPyTorchWeights(
  model: Module<never, unknown>,
  file: SafetensorsFile,
  { names = snakeCaseBuffers, ...options }: AssignOptions = {},
): void {
  const layouts = layoutsOf(model);
  const lookup = (wanted: string, name: string, shape: readonly number[]) => {
    const stored = spelled(wanted, file);
    return file.entries.has(stored) ? converted(file.tensor(stored), shape, layouts.get(name)) : undefined;
  };
  assignFrom(model, lookup, { names, ...options });
}

export function snakeCaseBuffers(name: string): string {
  return name.replace(/runningMean$/, 'running_mean').replace(/runningVar$/, 'running_var');
}

/** Files written by old releases call the weight and bias of a norm gamma and beta. */
function spelled(name: string, file: SafetensorsFile): string {
  const old = name.replace(/Norm\.weight$/, 'Norm.gamma').replace(/Norm\.bias$/, 'Norm.beta');
  return !file.entries.has(name) && file.entries.has(old) ? old : name;
}

type Layout = 'linear' | 'convolution' | 'depthwise';

/** Which weights PyTorch stores in another order, by name. */
function layoutsOf(model: Module<never, unknown>): Map<string, Layout> {
  const layouts = new Map<string, Layout>();
  for (const [path, module] of model.namedModules()) {
    const name = path === '' ? 'weight' : `${path}.weight`;
    const layer: unknown = module;
    if (layer instanceof Linear) layouts.set(name, 'linear');
    if (layer instanceof Conv2d) layouts.set(name, 'convolution');
    if (layer instanceof DepthwiseConv2d) layouts.set(name, 'depthwise');
  }
  return layouts;
}

function converted(weight: Tensor, shape: readonly number[], layout: Layout | undefined): Tensor {
  return inShape(turned(weight, layout), shape, layout);
}

function turned(weight: Tensor, layout: Layout | undefined): Tensor {
  if (layout === 'linear' && weight.rank === 2) return transpose(weight);
  if (layout === 'convolution') return transpose(weight, [2, 3, 1, 0]);
  // [channels * multiplier, 1, height, width] becomes [height, width, channels * multiplier]; `inShape` parts the last axis.
  return layout === 'depthwise' ? transpose(squeeze(weight, [1]), [1, 2, 0]) : weight;
}

/** Drops leading axes of length 1 and parts the channels of a depthwise filter; another shape is left to `loadState` to refuse. */
function inShape(weight: Tensor, shape: readonly number[], layout: Layout | undefined): Tensor {
  const extra = weight.rank - shape.length;
  const leading = extra > 0 && weight.shape.slice(0, extra).every((size) => size === 1);
  const same = weight.size === shape.reduce((product, size) => product * size, 1);
  return same && (leading || layout === 'depthwise') ? reshape(weight, [...shape]) : weight;
}
