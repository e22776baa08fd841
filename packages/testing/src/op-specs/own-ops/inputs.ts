import type { InputSpec } from '../../op-spec.ts';

export const frozen = (input: InputSpec): InputSpec => ({ ...input, constant: true });
export const dense = (...shape: number[]): InputSpec => ({ shape });
export const indices = (limit: number, ...shape: number[]): InputSpec => ({ shape, dtype: 'int32', range: [0, limit] });
