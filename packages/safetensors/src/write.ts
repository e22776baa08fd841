import type { Tensor } from '@tensorflow/tfjs-core';
import { safetensorsError } from './errors.ts';

/** A tensor's content on the host, as it is written. */
export interface HostTensor {
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

const storedDtype = { float32: 'F32', int32: 'I32', bool: 'BOOL' } as const;
const storedBytes = { float32: 4, int32: 4, bool: 1 } as const;
const headerAlignment = 8;

/**
 * Encodes tensors as a safetensors file. Wider elements come first, so that every tensor is aligned and can be read as a view;
 * among equals the order is the map's. The same input gives the same bytes.
 * @throws TapgradError `SAFETENSORS_NAME_INVALID` for a tensor named `__metadata__`, `SAFETENSORS_SIZE_MISMATCH` when values do not fill the shape.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const ordered = [...tensors].sort(([, a], [, b]) => storedBytes[b.dtype] - storedBytes[a.dtype]);
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  let offset = 0;
  for (const [name, { dtype, shape, values }] of ordered) {
    checkTensor(name, shape, values.length);
    const end = offset + values.length * storedBytes[dtype];
    header.push([name, { dtype: storedDtype[dtype], shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(
    `{${header.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
  );
  const jsonBytes = Math.ceil(json.length / headerAlignment) * headerAlignment;
  const file = new Uint8Array(8 + jsonBytes + offset).fill(0x20, 8, 8 + jsonBytes);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(jsonBytes), true);
  file.set(json, 8);
  let position = 8 + jsonBytes;
  for (const [, host] of ordered) position = writeValues(view, position, host);
  return file;
}

/**
 * Reads tensors back from the device and encodes them. The tensors are left alive.
 * @throws as `encodeSafetensors`, and `SAFETENSORS_DTYPE_UNKNOWN` for a complex or string tensor.
 */
export async function saveSafetensors(
  tensors: ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const named = tensors instanceof Map ? [...tensors] : Object.entries(tensors as Record<string, Tensor>);
  const hosts = await Promise.all(named.map(async ([name, tensor]) => [name, await readBack(name, tensor)] as const));
  return encodeSafetensors(new Map(hosts), metadata);
}

async function readBack(name: string, tensor: Tensor): Promise<HostTensor> {
  const { dtype, shape } = tensor;
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
    throw safetensorsError('SAFETENSORS_DTYPE_UNKNOWN', `tensor '${name}' is ${dtype}, which safetensors cannot hold`);
  }
  return { dtype, shape, values: await tensor.data() };
}

function checkTensor(name: string, shape: readonly number[], length: number): void {
  if (name === '__metadata__')
    throw safetensorsError('SAFETENSORS_NAME_INVALID', "'__metadata__' is reserved by the format", 'rename the tensor');
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (size !== length)
    throw safetensorsError(
      'SAFETENSORS_SIZE_MISMATCH',
      `tensor '${name}' of shape [${shape.join(', ')}] needs ${size} values, ${length} were given`,
    );
}

function writeValues(view: DataView, start: number, { dtype, values }: HostTensor): number {
  const width = storedBytes[dtype];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const position = start + width * i;
    if (dtype === 'float32') view.setFloat32(position, value, true);
    else if (dtype === 'int32') view.setInt32(position, value, true);
    else view.setUint8(position, value ? 1 : 0);
  }
  return start + width * values.length;
}
