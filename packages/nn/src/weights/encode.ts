import { TapgradError } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { WeightEntry } from './manifest.ts';

/** tfjs's own shard size, which suits HTTP caches: 4 MiB. */
const shardBytes = 4 * 1024 * 1024;

export interface EncodeTfjsOptions {
  /** `modelTopology` of model.json. Default: none, which `loadTfjsWeights` does not need. */
  readonly modelTopology?: unknown;
  /** Extra top-level fields of model.json, for example `format` or `userDefinedMetadata`. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * Writes weights in tfjs's form: `model.json` with a `weightsManifest`, and shards of 4 MiB, by file name.
 * `loadTfjsWeights(memorySource(files))` reads them back. The tensors are left alive.
 * @throws TapgradError `WEIGHTS_MANIFEST_INVALID` for a complex or string tensor
 */
export async function encodeTfjsWeights(
  tensors: ReadonlyMap<string, Tensor>,
  { modelTopology, fields = {} }: EncodeTfjsOptions = {},
): Promise<Map<string, Uint8Array>> {
  const weights: WeightEntry[] = [];
  const parts: Uint8Array[] = [];
  for (const [name, tensor] of tensors) {
    weights.push({ name, shape: tensor.shape, dtype: tensor.dtype });
    parts.push(await bytesOf(name, tensor));
  }
  const data = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  const count = Math.ceil(data.length / shardBytes);
  const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  const model = {
    ...fields,
    ...(modelTopology !== undefined && { modelTopology }),
    weightsManifest: [{ paths, weights }],
  };
  return new Map([
    ['model.json', new TextEncoder().encode(JSON.stringify(model))],
    ...paths.map((path, i): [string, Uint8Array] => [path, data.subarray(i * shardBytes, (i + 1) * shardBytes)]),
  ]);
}

async function bytesOf(name: string, tensor: Tensor): Promise<Uint8Array> {
  const values = (await tensor.data()) as ArrayLike<number>;
  if (tensor.dtype === 'bool') return Uint8Array.from(values);
  if (tensor.dtype !== 'float32' && tensor.dtype !== 'int32') {
    const message = `tensor '${name}' is ${tensor.dtype}; float32, int32 and bool can be written`;
    throw new TapgradError({ code: 'WEIGHTS_MANIFEST_INVALID', message });
  }
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    if (tensor.dtype === 'float32') view.setFloat32(4 * i, values[i] as number, true);
    else view.setInt32(4 * i, values[i] as number, true);
  }
  return bytes;
}
