import {
  type DataType,
  Fill,
  LinSpace,
  Multinomial,
  OneHot,
  Range,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';

interface RangeAttrs {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly dtype: DataType;
}

/** Kernels whose output's shape is in their attributes. */
export function registerCreations(): void {
  kernel<object, { shape: number[]; value: number | string; dtype?: DataType }>(Fill, ({ attrs, made }) =>
    made(attrs.shape, attrs.dtype ?? util.inferDtype(attrs.value)),
  );
  kernel<object, RangeAttrs>(Range, ({ attrs: { start, stop, step, dtype }, made }) => {
    const backwards = start < stop ? step < 0 : step > 1;
    return made([start === stop || backwards ? 0 : Math.abs(Math.ceil((stop - start) / step))], dtype);
  });
  kernel<object, { num: number }>(LinSpace, ({ attrs: { num }, made }) => made([Math.floor(num)]));
  kernel<{ indices: TensorInfo }, { depth: number; dtype?: DataType }>(OneHot, ({ inputs, attrs, made }) =>
    made([...inputs.indices.shape, attrs.depth], attrs.dtype),
  );
  kernel<{ logits: TensorInfo }, { numSamples: number }>(Multinomial, ({ inputs: { logits }, attrs, made }) =>
    made([logits.shape[0] as number, attrs.numSamples], 'int32'),
  );
}
