import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Dispatch } from './shader.ts';
import type { TensorData } from './stock-backend.ts';
import { type Uniform, u32 } from './uniforms.ts';

/** A tensor of no more words comes to the device with the uniforms: a write by the queue costs the host several times a dispatch. */
export const mostWords = 16;

const fields = Array.from({ length: mostWords }, (_, i) => `word${i}`);

/** Writes the words of a small tensor. */
export function writeWords(tensor: TensorInfo, values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>): Dispatch {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const uniforms: Record<string, Uniform> = { length: u32(words.length) };
  for (let i = 0; i < mostWords; i++) uniforms[fields[i]!] = u32(words[i] ?? 0);
  return {
    name: 'write-words',
    read: {},
    write: { tensor: [tensor, 'u32'] },
    uniforms,
    code: () => `
@compute @workgroup_size(${mostWords})
fn main(@builtin(local_invocation_index) i: u32) {
  var words = array<u32, ${mostWords}>(${fields.map((field) => `uniforms.${field}`).join()});
  if (i < uniforms.length) { tensor[i] = words[i]; }
}`,
    workgroups: 1,
  };
}

/** A tensor's values as the device has them: booleans take a word too. */
export function wordsOf({ dtype, values }: TensorData): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  const numbers = values!;
  if (dtype === 'float32')
    return (numbers instanceof Float32Array ? numbers : Float32Array.from(numbers)) as Float32Array<ArrayBuffer>;
  return (numbers instanceof Int32Array ? numbers : Int32Array.from(numbers)) as Int32Array<ArrayBuffer>;
}
