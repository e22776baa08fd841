import { type Module, TapgradError } from '@tapgrad/core';
import { BatchNorm2d, type Block, Conv2d, DepthwiseConv2d } from '@tapgrad/nn';

/** The norms of an inverted residual block, by their paths in the model. */
export interface BlockRoles {
  /** Behind the expansion and the depthwise convolution. */
  readonly inner: readonly string[];
  /** Behind the projection. */
  readonly last: string;
}

/**
 * Tells the norms of an inverted residual apart by its structure: a depthwise convolution somewhere, and a last
 * convolution whose channels the last norm has. Modules come in the order of the block's properties.
 * @param lastNorm path of the last norm inside the block, where that order is not the order of the computation
 * @throws TapgradError MOBILE_TL_BLOCK
 */
export function blockRoles({ path, module }: Block, lastNorm?: string): BlockRoles {
  const modules = [...module.namedModules(path)];
  const norms = ofClass(modules, BatchNorm2d);
  const last = lastNorm === undefined ? norms.at(-1) : norms.find(([name]) => name === `${path}.${lastNorm}`);
  const projection = ofClass(modules, Conv2d).at(-1)?.[1];
  const problem = !last
    ? lastNorm === undefined
      ? 'has no BatchNorm2d'
      : `has no BatchNorm2d ${lastNorm}`
    : ofClass(modules, DepthwiseConv2d).length === 0
      ? 'has no DepthwiseConv2d'
      : lastNorm === undefined && last[1].channels !== projection?.outChannels
        ? 'does not end with a convolution and its norm, as far as the order of its properties tells'
        : undefined;
  if (problem || !last) {
    throw new TapgradError({
      code: 'MOBILE_TL_BLOCK',
      message: `block ${path} ${problem}: it is no inverted residual that MobileTL can recognise`,
      modulePath: path,
      fix: 'let `blocks` name inverted residuals (expand, depthwise, project), and `lastNorm` the norm behind the projection',
    });
  }
  return { inner: norms.filter((each) => each !== last).map(([name]) => name), last: last[0] };
}

function ofClass<M extends Module<never, unknown>>(
  modules: readonly (readonly [string, unknown])[],
  kind: abstract new (...args: never[]) => M,
): (readonly [string, M])[] {
  return modules.flatMap(([name, module]) => (module instanceof kind ? [[name, module] as const] : []));
}
