import { type Batch, type LossTerms, type RandomStream, TapgradError, untaped } from '@tapgrad/core';
import {
  add,
  argMax,
  cast,
  concat,
  div,
  expandDims,
  gather,
  matMul,
  maximum,
  mul,
  oneHot,
  sigmoid,
  squeeze,
  stack,
  sum,
  Tensor,
  tensor,
} from '@tensorflow/tfjs-core';
import type { Moments } from './heads.ts';
import { boundaryLoss, focal, infoNce, sampledNce, scaleOf } from './losses.ts';
import type { CheckedR2Options } from './options.ts';
import { assign, foreground, pointsOf } from './targets.ts';

/** What the model returns with R2 on it. */
export interface R2Output extends Moments {
  /** State of each clip after the last step, `[batch, clips, C]`. */
  readonly state: Tensor;
  /** The query as one vector, `[batch, C]`. */
  readonly query: Tensor;
  /** Class tokens, `[batch, clips, C]`, and queries, `[batch, C]`, of each layer, the shallowest first. */
  readonly layers: { readonly cls: readonly Tensor[]; readonly query: readonly Tensor[] };
  readonly clips: Tensor | undefined;
}

/** What a batch for R2 has as `targets`. */
export interface R2Targets {
  /** `[batch, moments, 2]`: begin and end in clips; fill up with an end that is not after its begin. */
  readonly spans: Tensor;
  /** `[batch, clips]`; default: 1 in moments, 0 outside. */
  readonly saliency?: Tensor | undefined;
}

export function isR2Output(value: unknown): value is R2Output {
  return typeof value === 'object' && value !== null && 'boundaries' in value && 'layers' in value;
}

/**
 * The five terms, each with its weight; those of weight 0 are left out.
 * @throws TapgradError R2_TARGETS
 */
export function r2Terms(output: R2Output, batch: Batch, options: CheckedR2Options, random: RandomStream): LossTerms {
  const { spans, saliency: given } = targetsOf(batch, output);
  const { radius, strides, temperature, weights } = options;
  const clips = output.state.shape[1] as number;
  const { positive, offsets, valid, salient, sampled } = untaped(() => {
    const points = pointsOf(clips, strides);
    const inMoments = foreground(spans, clips);
    return {
      ...assign(spans, points, radius),
      valid:
        output.clips &&
        gather(
          output.clips,
          tensor(
            points.time.map((time) => Math.min(time, clips - 1)),
            [points.time.length],
            'int32',
          ),
          1,
        ),
      salient: given ?? inMoments,
      sampled: sampleOne(output.clips ? mul(inMoments, output.clips) : inMoments, random),
    };
  });
  const answering = valid ? mul(positive, valid) : positive;
  const scale = scaleOf(temperature);
  const terms: Record<keyof typeof weights, () => Tensor> = {
    focal() {
      const each = focal(output.logits, answering);
      return div(sum(valid ? mul(each, valid) : each), maximum(sum(answering), 1));
    },
    boundary: () => boundaryLoss(output.boundaries, offsets, answering),
    saliency: () => sampledNce(output.state, output.query, { saliency: salient, sampled, real: output.clips }, scale),
    videoContrast: () => infoNce(...pairs(output, sampled, 'layers'), scale),
    layerContrast: () => infoNce(...pairs(output, sampled, 'samples'), scale),
  };
  const made: Record<string, Tensor> = {};
  for (const [name, weight] of Object.entries(weights)) {
    if (weight > 0) made[`r2.${name}`] = mul(terms[name as keyof typeof terms](), weight);
  }
  return made;
}

/** Class token of the sampled clip and query of each layer: `[layers, batch, C]`, or `[batch, layers, C]` by samples. */
function pairs({ layers }: R2Output, sampled: Tensor, first: 'layers' | 'samples'): [Tensor, Tensor] {
  const axis = first === 'layers' ? 0 : 1;
  const clips = layers.cls.map((each) => squeeze(matMul(expandDims(sampled, 1), each), [1]));
  return [stack(clips, axis), stack([...layers.query], axis)];
}

/** 1 at one clip of each row, drawn from those that are 1; of a row without any the first. */
function sampleOne(candidates: Tensor, random: RandomStream): Tensor {
  const [batch, clips] = candidates.shape as [number, number];
  const noise = tensor(random.uniform(batch * clips), [batch, clips]);
  return cast(oneHot(cast(argMax(mul(candidates, add(noise, 1)), 1), 'int32'), clips), 'float32');
}

function targetsOf({ targets }: Batch, { state }: R2Output): R2Targets {
  const [batch, clips] = state.shape;
  const { spans, saliency } = (targets ?? {}) as Partial<R2Targets>;
  const fits =
    spans instanceof Tensor &&
    spans.rank === 3 &&
    spans.shape[0] === batch &&
    spans.shape[2] === 2 &&
    (saliency === undefined || (saliency instanceof Tensor && saliency.shape.join() === `${batch},${clips}`));
  if (fits) return { spans, saliency };
  throw new TapgradError({
    code: 'R2_TARGETS',
    message: 'the batch has no targets { spans: [batch, moments, 2], saliency?: [batch, clips] } that fit the video',
    fix: 'give begin and end of each moment in clips, the same number for each sample; fill up with [0, 0]',
  });
}

/**
 * Moments out of what R2 says of each point: begin, end (in clips) and probability, `[batch, points, 3]`, not sorted.
 * @param strides those that R2 was given
 */
export function momentsOf({ logits, boundaries, state }: R2Output, strides: readonly number[] = [1, 2, 4, 8]): Tensor {
  const points = pointsOf(state.shape[1] as number, strides);
  const row = (values: readonly number[]) => tensor([...values], [1, values.length, 1], 'float32');
  const signs = tensor([-1, 1], [1, 1, 2]);
  const spans = add(row(points.time), mul(mul(boundaries, signs), row(points.stride)));
  return concat([spans, expandDims(sigmoid(logits), -1)], -1);
}
