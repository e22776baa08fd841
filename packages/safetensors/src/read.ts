import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { type DecodedElements, decodeElements } from './dtype.ts';
import { safetensorsError } from './errors.ts';
import { parseHeader, type SafetensorsEntry } from './header.ts';

/**
 * A safetensors file in memory. Opening it reads the header alone; tensors are views of the file's bytes, made on demand.
 * Format: https://huggingface.co/docs/safetensors (header length, JSON header, data).
 */
export class SafetensorsFile {
  readonly metadata: ReadonlyMap<string, string>;
  /** dtype, shape and place of each tensor, in the header's order. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  private readonly bytes: Uint8Array;

  /** @throws TapgradError with a `SAFETENSORS_…` code when the file breaks the format. */
  constructor(file: ArrayBufferLike | Uint8Array) {
    this.bytes = file instanceof Uint8Array ? file : new Uint8Array(file);
    const header = parseHeader(this.bytes);
    this.metadata = header.metadata;
    this.entries = header.entries;
  }

  /** The stored bytes of a tensor, little-endian, not copied. Throws `SAFETENSORS_TENSOR_UNKNOWN`. */
  view(name: string): Uint8Array {
    const { begin, end } = this.entry(name);
    return this.bytes.subarray(begin, end);
  }

  /** The elements as float32, int32 or bool; F32, I32 and BOOL at an aligned place are not copied. */
  elements(name: string): DecodedElements {
    return decodeElements(this.entry(name).dtype, this.view(name), name);
  }

  /** A new tensor, owned by the caller. On the CPU backend it may share the file's memory: do not write to either. */
  tensor(name: string): Tensor {
    const { dtype, values } = this.elements(name);
    return tensor(values, [...this.entry(name).shape], dtype);
  }

  /** All tensors by name, owned by the caller. */
  tensors(): Map<string, Tensor> {
    return new Map([...this.entries.keys()].map((name) => [name, this.tensor(name)]));
  }

  private entry(name: string): SafetensorsEntry {
    const entry = this.entries.get(name);
    if (!entry)
      throw safetensorsError(
        'SAFETENSORS_TENSOR_UNKNOWN',
        `no tensor '${name}'; the file has ${[...this.entries.keys()].slice(0, 8).join(', ')}`,
      );
    return entry;
  }
}
