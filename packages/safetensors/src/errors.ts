import { TapgradError } from '@tapgrad/core';

/** Codes of what can be wrong with a safetensors file or with what is asked of it. */
export type SafetensorsErrorCode =
  | 'SAFETENSORS_TRUNCATED'
  | 'SAFETENSORS_HEADER_TOO_LARGE'
  | 'SAFETENSORS_HEADER_INVALID'
  | 'SAFETENSORS_METADATA_INVALID'
  | 'SAFETENSORS_DTYPE_UNKNOWN'
  | 'SAFETENSORS_SHAPE_INVALID'
  | 'SAFETENSORS_OFFSETS_INVALID'
  | 'SAFETENSORS_SIZE_MISMATCH'
  | 'SAFETENSORS_OVERLAP'
  | 'SAFETENSORS_HOLE'
  | 'SAFETENSORS_TENSOR_UNKNOWN'
  | 'SAFETENSORS_INTEGER_RANGE'
  | 'SAFETENSORS_NAME_INVALID';

export function safetensorsError(code: SafetensorsErrorCode, message: string, fix?: string): TapgradError {
  return new TapgradError({ code, message, fix });
}
