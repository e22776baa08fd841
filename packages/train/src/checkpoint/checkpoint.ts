import { type Stack, type StatePart, TapgradError } from '@tapgrad/core';
import { SafetensorsFile, saveSafetensors } from '@tapgrad/safetensors';
import type { StreamPosition } from '../tasks/stream-position.ts';
import type { Position } from '../trainer/position.ts';
import { readPath, writePath } from './folder.ts';
import { type CheckpointJson, metadataOf, parseMetadata } from './metadata.ts';
import { restore } from './restore.ts';

/** Where a checkpoint is read from: a path (Node), or a file's content. */
export type CheckpointSource = string | URL | Uint8Array | ArrayBuffer | Blob;
/** Where a checkpoint goes: a path (Node), or a function that is given the file's content. */
export type CheckpointTarget = string | URL | ((bytes: Uint8Array<ArrayBuffer>) => void | Promise<void>);

export interface SaveOptions {
  /** Default: all. */
  readonly parts?: readonly StatePart[];
  /** Anything that JSON can hold: labels, options, what it was trained on. */
  readonly extra?: unknown;
}

/** What a checkpoint says of itself. */
export interface CheckpointInfo {
  /** Updates made. */
  readonly step: number;
  /** Of every random stream. */
  readonly seed: number;
  readonly parts: readonly StatePart[];
  readonly plugins: readonly string[];
  readonly extra: unknown;
}

/** A checkpoint that was read and found in order. */
export interface OpenCheckpoint extends CheckpointJson {
  readonly file: SafetensorsFile;
}

/**
 * Saves the state of a stack: model, plugins and optimizer, in one safetensors file whose metadata holds the rest as JSON.
 * A file is written whole or not at all, also if the process is killed.
 * @throws TapgradError FILE_UNWRITABLE, FILES_UNSUPPORTED
 */
export async function saveCheckpoint<Outputs>(
  stack: Stack<Outputs>,
  target: CheckpointTarget,
  options: SaveOptions = {},
): Promise<void> {
  const bytes = await checkpointBytes(stack, options);
  if (typeof target === 'function') await target(bytes);
  else await writePath(target, bytes);
}

/** The content of a checkpoint file, to be kept wherever there is room for it. */
export async function checkpointBytes<Outputs>(
  stack: Stack<Outputs>,
  { parts = [], extra }: SaveOptions = {},
  run?: Position,
  tasks?: StreamPosition,
): Promise<Uint8Array<ArrayBuffer>> {
  const { tensors, json } = stack.state(...parts);
  return (await saveSafetensors(tensors, metadataOf({ stack: json, run, tasks, extra }))) as Uint8Array<ArrayBuffer>;
}

/**
 * Puts a stack into the state that a checkpoint holds. If anything is wrong with it, nothing has changed.
 * The count of updates is restored together with the optimizer.
 * @param options.parts what to load of it; default: all that it has
 * @throws TapgradError CHECKPOINT_INVALID, CHECKPOINT_VERSION, CHECKPOINT_PARTS, STATE_MISMATCH, OPTIMIZER_STATE, the
 * SAFETENSORS_ codes for a damaged file, FILE_NOT_FOUND, FILE_UNREADABLE
 */
export async function loadCheckpoint<Outputs>(
  stack: Stack<Outputs>,
  source: CheckpointSource,
  { parts }: { readonly parts?: readonly StatePart[] } = {},
): Promise<CheckpointInfo> {
  const checkpoint = await openCheckpoint(source);
  restore(stack as Stack<unknown>, checkpoint, partsOf(checkpoint, parts));
  return infoOf(checkpoint);
}

/** Reads what a checkpoint says of itself, without a stack. Throws as `loadCheckpoint`. */
export async function readCheckpointInfo(source: CheckpointSource): Promise<CheckpointInfo> {
  return infoOf(await openCheckpoint(source));
}

export async function openCheckpoint(source: CheckpointSource): Promise<OpenCheckpoint> {
  const file = new SafetensorsFile(await bytesOf(source));
  return { file, ...parseMetadata(file) };
}

function infoOf({ stack, extra }: OpenCheckpoint): CheckpointInfo {
  const { step, seed, parts, plugins } = stack;
  return { step, seed, parts, plugins: Object.keys(plugins), extra };
}

function partsOf({ stack }: OpenCheckpoint, wanted?: readonly StatePart[]): readonly StatePart[] {
  const missing = wanted?.filter((part) => !stack.parts.includes(part)) ?? [];
  if (missing.length === 0) return wanted ?? stack.parts;
  throw new TapgradError({
    code: 'CHECKPOINT_PARTS',
    message: `the checkpoint has no ${missing.join(' and no ')}, only ${stack.parts.join(', ')}`,
    fix: 'load the parts that it has, or save it with these parts',
  });
}

async function bytesOf(source: CheckpointSource): Promise<Uint8Array | ArrayBuffer> {
  if (typeof source === 'string' || source instanceof URL) return readPath(source);
  return source instanceof Blob ? source.arrayBuffer() : source;
}
