import { TapgradError } from '@tapgrad/core';
import { decodeElements, elementBytes, type SafetensorsDtype } from '@tapgrad/safetensors';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/** How a weight was quantised: `value = stored * scale + min` for integers, IEEE half for `float16`. */
type Quantization =
  | { readonly dtype: 'uint8' | 'uint16'; readonly min: number; readonly scale: number }
  | { readonly dtype: 'float16' };

/** One weight of a tfjs `weightsManifest`. */
export interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: Quantization;
}

/** Weights that lie one after another in the files `paths`, read as one run of bytes. */
export interface WeightGroup {
  readonly paths: readonly string[];
  readonly weights: readonly WeightEntry[];
}

const storedAs: Readonly<Record<string, SafetensorsDtype>> = {
  float32: 'F32',
  int32: 'I32',
  bool: 'BOOL',
  uint8: 'U8',
  uint16: 'U16',
  float16: 'F16',
};

/**
 * The weights group of a tfjs `model.json`, graph or layers model.
 * @throws TapgradError `WEIGHTS_MANIFEST_INVALID` when there is none or it is not what tfjs writes.
 */
export function weightGroups(model: unknown): readonly WeightGroup[] {
  const manifest = isRecord(model) ? model.weightsManifest : undefined;
  if (!Array.isArray(manifest))
    throw invalid('the model has no weightsManifest', 'give the model.json of a tfjs graph or layers model');
  for (const group of manifest) {
    if (!isRecord(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights)) {
      throw invalid('a group of weightsManifest lacks paths or weights');
    }
    for (const weight of group.weights) checkEntry(weight);
  }
  return manifest as WeightGroup[];
}

/**
 * Decodes the weights of one group out of its shards, dequantised. The tensors belong to the caller.
 * @throws TapgradError `WEIGHTS_SIZE_MISMATCH` when the shards are not as long as the weights need.
 */
export function decodeGroup(group: WeightGroup, shards: readonly Uint8Array[]): Map<string, Tensor> {
  const bytes = join(shards);
  const needed = group.weights.reduce((sum, weight) => sum + byteLength(weight), 0);
  if (needed !== bytes.byteLength) {
    const message = `the weights of ${group.paths.join(', ')} need ${needed} bytes, the files have ${bytes.byteLength}`;
    throw new TapgradError({ code: 'WEIGHTS_SIZE_MISMATCH', message, fix: 'get every shard of the model, whole' });
  }
  const tensors = new Map<string, Tensor>();
  let offset = 0;
  for (const weight of group.weights) {
    const end = offset + byteLength(weight);
    tensors.set(weight.name, decodeWeight(weight, bytes.subarray(offset, end)));
    offset = end;
  }
  return tensors;
}

function decodeWeight({ name, shape, dtype, quantization }: WeightEntry, bytes: Uint8Array): Tensor {
  const stored = decodeElements(storedDtype(dtype, quantization), bytes, name);
  if (!quantization || quantization.dtype === 'float16') return tensor(stored.values, [...shape], stored.dtype);
  const { scale, min } = quantization;
  const values = Array.from(stored.values, (code) => code * scale + min);
  return dtype === 'int32'
    ? tensor(Int32Array.from(values, Math.round), [...shape], 'int32')
    : tensor(Float32Array.from(values), [...shape], 'float32');
}

function checkEntry(weight: unknown): asserts weight is WeightEntry {
  if (!isRecord(weight) || typeof weight.name !== 'string' || !Array.isArray(weight.shape))
    throw invalid('a weight lacks name or shape');
  const { name, shape, dtype, quantization } = weight as unknown as WeightEntry;
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw invalid(`weight '${name}' has shape [${shape.join(', ')}]`);
  if (
    quantization &&
    quantization.dtype !== 'float16' &&
    !(Number.isFinite(quantization.scale) && Number.isFinite(quantization.min))
  ) {
    throw invalid(`weight '${name}' is quantised without scale and min`);
  }
  storedDtype(dtype, quantization);
}

function storedDtype(dtype: string, quantization: Quantization | undefined): SafetensorsDtype {
  const known = Object.hasOwn(storedAs, quantization?.dtype ?? dtype) && ['float32', 'int32', 'bool'].includes(dtype);
  const stored = known ? storedAs[quantization?.dtype ?? dtype] : undefined;
  if (!stored)
    throw invalid(
      `weights of dtype ${dtype}${quantization ? `, quantised as ${quantization.dtype},` : ''} cannot be read`,
    );
  return stored;
}

function byteLength({ shape, dtype, quantization }: WeightEntry): number {
  return shape.reduce((product, size) => product * size, elementBytes[storedDtype(dtype, quantization)]);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}

function invalid(message: string, fix?: string): TapgradError {
  return new TapgradError({ code: 'WEIGHTS_MANIFEST_INVALID', message, fix });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
