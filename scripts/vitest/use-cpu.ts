import '@tensorflow/tfjs-backend-cpu';
import { env, setBackend } from '@tensorflow/tfjs-core';

await setBackend('cpu');

// tfjs asks Node itself for `isFloat32Array`, which no define reaches: here the floats are Float64Array.
const { platform } = env();
const isTypedArray = platform.isTypedArray.bind(platform);
platform.isTypedArray = (values: unknown): values is Float32Array | Int32Array | Uint8Array | Uint8ClampedArray =>
  values instanceof Float64Array || isTypedArray(values);
