import { type StackJson, type StatePart, TapgradError } from '@tapgrad/core';
import type { SafetensorsFile } from '@tapgrad/safetensors';
import { isStreamPosition, type StreamPosition } from '../tasks/stream-position.ts';
import type { Position } from '../trainer/position.ts';

/** What a checkpoint says beside its tensors; it stands in the file's metadata as JSON. */
export interface CheckpointJson {
  readonly stack: StackJson;
  /** Where a trainer's run stood; undefined in a checkpoint that was made without one. */
  readonly run?: Position | undefined;
  /** Where a stream of tasks stood; `run` is then that of a task which was going on. */
  readonly tasks?: StreamPosition | undefined;
  /** Whatever the caller gave. */
  readonly extra?: unknown;
}

const format = 'tapgrad-checkpoint';
const version = '1';
const statePartNames: readonly StatePart[] = ['model', 'plugins', 'optimizer'];

export function metadataOf({ stack, run, tasks, extra }: CheckpointJson): Record<string, string> {
  return {
    format,
    version,
    stack: stringify(stack),
    ...(run && { run: stringify(run) }),
    ...(tasks && { tasks: stringify(tasks) }),
    ...(extra !== undefined && { extra: stringify(extra) }),
  };
}

/** Throws CHECKPOINT_INVALID or CHECKPOINT_VERSION. */
export function parseMetadata({ metadata }: SafetensorsFile): CheckpointJson {
  if (metadata.get('format') !== format) {
    throw invalid('it is a safetensors file, but no checkpoint', 'load plain weights with loadState of the model');
  }
  if (metadata.get('version') !== version) {
    throw new TapgradError({
      code: 'CHECKPOINT_VERSION',
      message: `the checkpoint has format version ${metadata.get('version')}, this release reads ${version}`,
      fix: 'use the release of @tapgrad/train that wrote it',
    });
  }
  const [stack, run, tasks, extra] = ['stack', 'run', 'tasks', 'extra'].map((key) => parse(metadata.get(key), key));
  if (!isStackJson(stack)) throw invalid('what it says of the stack is not readable');
  if (run !== undefined && !isPosition(run)) throw invalid('what it says of the run is not readable');
  if (tasks !== undefined && !isStreamPosition(tasks)) throw invalid('what it says of its tasks is not readable');
  return { stack, run, tasks, extra };
}

function isStackJson(value: unknown): value is StackJson {
  if (!isRecord(value)) return false;
  const { step, seed, parts, plugins, optimizer } = value;
  return (
    Number.isSafeInteger(step) &&
    typeof seed === 'number' &&
    Array.isArray(parts) &&
    parts.every((part) => statePartNames.includes(part)) &&
    isRecord(plugins) &&
    Object.values(plugins).every(isRecord) &&
    (optimizer === undefined || (isRecord(optimizer) && Object.values(optimizer).every(Number.isFinite)))
  );
}

function isPosition(value: unknown): value is Position {
  if (!isRecord(value)) return false;
  const { step, epoch, batch, lossSum, lossCount, loss } = value;
  return (
    [step, epoch, batch, lossCount].every((count) => Number.isSafeInteger(count) && (count as number) >= 0) &&
    [lossSum, loss].every((number) => typeof number === 'number')
  );
}

/** JSON has no NaN and no infinities; losses and plugins' states do. */
function stringify(value: unknown): string {
  return JSON.stringify(value, (_, each) =>
    typeof each === 'number' && !Number.isFinite(each) ? { $number: String(each) } : each,
  );
}

function parse(text: string | undefined, key: string): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text, (_, each) =>
      isRecord(each) && typeof each.$number === 'string' ? Number(each.$number) : each,
    );
  } catch (cause) {
    throw invalid(`its ${key} is no JSON`, undefined, cause);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string, fix?: string, cause?: unknown): TapgradError {
  return new TapgradError({
    code: 'CHECKPOINT_INVALID',
    message: `the checkpoint cannot be used: ${message}`,
    fix,
    cause,
  });
}
