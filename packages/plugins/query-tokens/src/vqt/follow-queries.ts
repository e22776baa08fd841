import { type PluginContext, type RememberedScope, rememberScope, TapgradError } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { QueryReader, QueryReaders } from './query-reader.ts';
import type { QueriedBlock } from './queryable-block.ts';

/** A forward of the model that is going on, and what the queries of each block have read in it. */
interface Forward {
  readonly scope: RememberedScope;
  readonly read: Map<number, Tensor>;
}

/**
 * Lets the queries of each block read its keys and values as soon as these are made: nothing of the block is kept for
 * them but what backward needs.
 * @returns what was read in this forward, in the order of the blocks
 * @throws TapgradError QUERY_BLOCK_SKIPPED, QUERY_NOT_RECORDED
 */
export function followQueries(
  { hooks, tape }: Pick<PluginContext<unknown>, 'hooks' | 'tape'>,
  blocks: readonly QueriedBlock[],
  readers: QueryReaders,
): () => Tensor[] {
  let latest: Forward | undefined;
  hooks.tap(':input').forward<unknown>(() => {
    latest = { scope: rememberScope(), read: new Map() };
  });
  for (const [layer, { block }] of blocks.entries()) {
    const { path } = block.attention;
    let given: readonly unknown[] = [];
    let key: Tensor | undefined;
    hooks.tap(`${path}:input`).forward<unknown>((value) => {
      given = Array.isArray(value) ? value : [value];
    });
    hooks.tap(`${path}:key`).forward((value) => {
      key = value;
    });
    hooks.tap(`${path}:value`).forward((value) => {
      // Of a forward that failed there is no end to see; a block that is called by itself afterwards is none of ours.
      if (!latest?.scope.open) return;
      const { scope, read } = latest;
      const [x, mask, memory = x] = given as [Tensor, Tensor | undefined, Tensor | undefined];
      read.set(
        layer,
        scope.run(() => readers.call(layer, { key: key as Tensor, value, from: memory, mask: mask ?? undefined })),
      );
    });
  }
  return () =>
    blocks.map((block, layer) => {
      const read = latest?.read.get(layer) ?? skipped(block);
      const { variable } = (readers.layers[layer] as QueryReader).tokens;
      return tape()?.tracks(variable) && !tape()?.tracks(read) ? notRecorded(block) : read;
    });
}

function skipped({ path }: QueriedBlock): never {
  throw new TapgradError({
    code: 'QUERY_BLOCK_SKIPPED',
    message: `the model's forward did not run block ${path} before its head`,
    modulePath: path,
    fix: 'let `blocks` name blocks that every forward runs with `call`',
  });
}

/** Without this the queries would silently not train. */
function notRecorded({ path }: QueriedBlock): never {
  throw new TapgradError({
    code: 'QUERY_NOT_RECORDED',
    message: `what the queries read of block ${path} was not recorded: the block runs in a checkpointed segment`,
    modulePath: path,
    fix: 'run the blocks without checkpoint(): of the frozen blocks nothing is kept anyway',
  });
}
