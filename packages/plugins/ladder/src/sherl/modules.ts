import { Module, type PluginContext, type RandomStream, TapgradError } from '@tapgrad/core';
import { type Block, type BlockStack, Dropout } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';
import { blockShape, finalNorm } from '../base/block-width.ts';
import { Classifier, type Pooling } from '../base/head.ts';
import type { TapPlan } from '../base/tap-plan.ts';
import { MapDown, tokenDown } from './down.ts';
import { LateInput, MapOut, Merge, TokenOut } from './merge.ts';
import type { CheckedSherlOptions } from './options.ts';

/** A new classifier on the late layer's output, behind the norm that a pre-norm block needs. */
class LateHead extends Module<[late: Tensor, mask: Tensor | undefined]> {
  readonly classifier: Classifier;

  constructor(
    readonly norm: Module | undefined,
    { width, classes, pooling, random }: { width: number; classes: number; pooling: Pooling; random: RandomStream },
  ) {
    super();
    this.classifier = new Classifier(width, classes, pooling, random);
  }

  override forward(late: Tensor, mask: Tensor | undefined): Tensor {
    return this.classifier.call(this.norm ? this.norm.call(late) : late, mask);
  }
}

/** What an encoder's states become: an input like the late layer's, its norm and dropout. */
class Memory extends Module<[states: readonly Tensor[], last: Tensor]> {
  readonly dropout: Dropout;

  constructor(
    readonly merge: Merge,
    readonly late: LateInput,
    readonly norm: Module | undefined,
    dropout: number,
  ) {
    super();
    this.dropout = new Dropout(dropout);
  }

  override forward(states: readonly Tensor[], last: Tensor): Tensor {
    const made = this.late.call(this.merge.call(...states), last);
    return this.dropout.call(this.norm ? this.norm.call(made) : made);
  }
}

/** Everything that trains. */
export interface SherlModules {
  /** Down_i, in the order of the taps; those of maps are given the last map too. */
  readonly down: readonly Module<[state: Tensor, last?: Tensor]>[];
  readonly merge: Merge;
  readonly late: LateInput;
  /** Of each stack of tokens before the last. */
  readonly memories: readonly Memory[];
  readonly head: LateHead | undefined;
  readonly all: readonly Module<never, unknown>[];
}

/** @throws TapgradError SHERL_WIDTH */
export function addModules(
  context: PluginContext<CheckedSherlOptions>,
  stacks: readonly BlockStack[],
  plan: TapPlan,
  lateWidth: number,
): SherlModules {
  const { options } = context;
  const { taps, values, last } = plan;
  const width = last.inputWidth / options.reduction;
  if (!Number.isInteger(width)) {
    throw new TapgradError({
      code: 'SHERL_WIDTH',
      message: `the late layer takes ${last.inputWidth} features, which ${options.reduction} does not divide`,
      fix: `choose a reduction that divides ${last.inputWidth}`,
    });
  }
  const random = context.random('side');
  const add = <M extends Module<never, unknown>>(name: string, module: M) => context.addModule(name, module);
  const down = taps.map((tap, i) =>
    add(
      `down-${i}`,
      values === 'tokens' ? tokenDown(options.down, tap.width, width, random) : new MapDown(tap.width, width, random),
    ),
  );
  const sizes = { from: width, to: last.inputWidth, dropout: options.dropout, random };
  const newMerge = () => new Merge(width, { epsilon: options.epsilon, mixer: options.mixer, random });
  const merge = add('merge', newMerge());
  const out = values === 'tokens' ? new TokenOut(options.out, sizes) : new MapOut(sizes);
  const late = add('late', new LateInput(out, options.temperature));
  const encoders = values === 'tokens' ? stacks.slice(0, -1) : [];
  const memories = encoders.map(({ blocks }, i) => {
    const block = blocks.at(-1) as Block;
    const to = blockShape(block).width;
    const input = new LateInput(new TokenOut(options.out, { ...sizes, to }), options.temperature);
    return add(`memory-${i}`, new Memory(newMerge(), input, finalNorm(block.module, to), options.dropout));
  });
  const head = addHead(context, plan, lateWidth);
  return { down, merge, late, memories, head, all: [...down, merge, late, ...memories, ...(head ? [head] : [])] };
}

function addHead(context: PluginContext<CheckedSherlOptions>, { last }: TapPlan, width: number): LateHead | undefined {
  const { head, pooling } = context.options;
  if (head === 'own') return undefined;
  const options = { width, classes: head.classes, pooling, random: context.random('head') };
  return context.addModule('head', new LateHead(finalNorm(last.block.module, width), options));
}
