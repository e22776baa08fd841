import { TapgradError } from '@tapgrad/core';
import type { Block, BlockStack } from '@tapgrad/nn';
import { blockShape, valuesOf } from './block-width.ts';
import type { ValueKind } from './trunk.ts';

/** A frozen state that is read: output of a block, or the input of the first (layer -1). */
export interface TapPoint {
  readonly stack: number;
  readonly layer: number;
  readonly width: number;
}

/** Where a method reads the backbone. */
export interface TapPlan {
  readonly values: ValueKind;
  /** In the order in which they pass; the last is the deepest. */
  readonly taps: readonly TapPoint[];
  /** The last block, and the width of what it takes. */
  readonly last: { readonly stack: number; readonly layer: number; readonly block: Block; readonly inputWidth: number };
}

export interface TapOptions {
  readonly values?: ValueKind | undefined;
  readonly widths?: readonly number[] | undefined;
  readonly keep?: readonly number[] | undefined;
  readonly drop?: readonly number[] | undefined;
  /** The last block is not read: a state goes into it. */
  readonly beforeLast: boolean;
  /** Lists of tokens before the last one are read too, each to its end. */
  readonly encoders?: boolean;
}

/**
 * Of one list of blocks: the output of each, and of tokens the input of the first too. Of several lists (the stages of a
 * convolutional network): the output of the last block of each, and with `beforeLast` that of the block before the last.
 * `keep` and `drop` number blocks, or stages.
 * @throws TapgradError LADDER_STACKS, LADDER_LAYERS, LADDER_BLOCK_UNKNOWN
 */
export function planTaps(stacks: readonly BlockStack[], options: TapOptions): TapPlan {
  const stack = stacks.length - 1;
  const { blocks } = stacks[stack] as BlockStack;
  const layer = blocks.length - 1;
  const block = blocks[layer] as Block;
  const values = options.values ?? valuesOf(block);
  if (values === 'tokens' && stack > 0 && !options.encoders) throw stacksError(stacks);
  const previous = placeBefore(stacks, { stack, layer });
  const places = placesIn(stacks, values, options.beforeLast ? previous : undefined);
  const number = (place: Place) => (stack === 0 || values === 'tokens' ? place.layer : place.stack);
  const taps = places.filter((place) => kept(number(place), options));
  checkNumbers(places.map(number), options);
  const inEach = values === 'maps' ? [taps] : stacks.map((_, of) => taps.filter((tap) => tap.stack === of));
  const few = inEach.find(({ length }) => length < 2);
  if (few) throw layersError(`${few.length} states of the backbone are left to read, at least 2 are needed`);
  const widths = options.widths ?? taps.map((tap) => widthAt(stacks, tap));
  if (widths.length !== taps.length) {
    throw layersError(`${taps.length} states are read, and widths has ${widths.length} numbers`);
  }
  return {
    values,
    taps: taps.map((tap, i) => ({ ...tap, width: widths[i] as number })),
    last: { stack, layer, block, inputWidth: options.widths?.at(-1) ?? widthAt(stacks, previous) },
  };
}

type Place = Omit<TapPoint, 'width'>;

/** @param upTo the last place; default: the end of the last block */
function placesIn(stacks: readonly BlockStack[], values: ValueKind, upTo: Place | undefined): Place[] {
  const last = stacks.length - 1;
  const ends = stacks.map(({ blocks }, stack) => ({ stack, layer: blocks.length - 1 }));
  if (values === 'maps' && last > 0)
    return upTo ? [...ends.slice(0, -1), ...(upTo.stack === last ? [upTo] : [])] : ends;
  return stacks.flatMap(({ blocks }, stack) => {
    const outputs = blocks.slice(upTo && stack === last ? 1 : 0).map((_, layer) => ({ stack, layer }));
    return values === 'tokens' ? [{ stack, layer: -1 }, ...outputs] : outputs;
  });
}

/** Whose output goes into a block. */
function placeBefore(stacks: readonly BlockStack[], { stack, layer }: Place): Place {
  if (layer > 0 || stack === 0) return { stack, layer: layer - 1 };
  return { stack: stack - 1, layer: (stacks[stack - 1] as BlockStack).blocks.length - 1 };
}

/** The input of the first block is always read. */
function kept(number: number, { keep, drop }: TapOptions): boolean {
  return number < 0 || (keep ? keep.includes(number) : !drop?.includes(number));
}

function checkNumbers(numbers: readonly number[], { keep = [], drop = [] }: TapOptions): void {
  const unknown = [...keep, ...drop].filter((each) => !numbers.includes(each));
  if (unknown.length > 0) throw layersError(`no output that could be read has the number ${unknown}`);
}

function widthAt(stacks: readonly BlockStack[], { stack, layer }: Place): number {
  const { blocks } = stacks[stack] as BlockStack;
  return layer < 0 ? blockShape(blocks[0] as Block).inputWidth : blockShape(blocks[layer] as Block).width;
}

function layersError(message: string): TapgradError {
  return new TapgradError({
    code: 'LADDER_LAYERS',
    message,
    fix: 'number the blocks of a stack (of a convolutional network: its stages) from 0, and keep enough of them',
  });
}

function stacksError(stacks: readonly BlockStack[]): TapgradError {
  return new TapgradError({
    code: 'LADDER_STACKS',
    message: `blocks of ${stacks.length} lists match: ${stacks.map(({ holder }) => holder).join(', ')}`,
    fix: 'let `blocks` name the blocks of one list; the others stay as they are',
  });
}
