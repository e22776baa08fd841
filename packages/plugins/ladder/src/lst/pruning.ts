import type { Module, Parameter } from '@tapgrad/core';
import type { BlockModule } from '@tapgrad/nn';
import {
  abs,
  add,
  cast,
  concat,
  cumsum,
  div,
  equal,
  gather,
  greater,
  lessEqual,
  logicalAnd,
  logicalOr,
  max,
  maximum,
  min,
  mul,
  ones,
  range,
  scalar,
  split,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  tidy,
  topk,
} from '@tensorflow/tfjs-core';
import type { PruningStep } from './pruning-step.ts';

/** Features that are kept, in ascending order. A tensor: a backend whose values can only be waited for never reads them. */
export type IndexSet = Tensor1D;

/** The `count` features of highest score, in ascending order; of equals the first. */
export function topIndices(scores: Tensor1D, count: number): IndexSet {
  return tidy(() => {
    const least = min(topk(scores, count).values);
    const ahead = greater(scores, least);
    const equals = equal(scores, least);
    const free = sub(count, sum(cast(ahead, 'float32')));
    const chosen = logicalOr(ahead, logicalAnd(equals, lessEqual(cumsum(cast(equals, 'float32')), free)));
    // Numbers that fall along the axis, 0 for what is left out: the largest ones are the chosen in ascending order.
    const falling = mul(range(scores.size, 0, -1, 'float32'), cast(chosen, 'float32'));
    return cast(sub(scores.size, topk(falling, count).values), 'int32');
  });
}

/**
 * Which outputs of matrices that keep the same ones matter most: the elementwise product of their importances, inputs
 * sliced, L1 norm of each output (LST's "fisher-v2"). Each importance is scaled by its largest first, which changes no
 * order but keeps the product of three small numbers above zero.
 * @param importances each `[in, out]`, not negative
 */
export function keptOutputs(importances: readonly Tensor[], inputs: IndexSet, count: number): IndexSet {
  return tidy(() => {
    const scaled = importances.map((each) => {
      const rows = gather(each, inputs, 0);
      return div(rows, maximum(max(rows), 1e-30));
    });
    return topIndices(sum(abs(scaled.reduce((product, each) => mul(product, each))), 0), count);
  });
}

interface Pruning {
  readonly from: ReadonlyMap<string, Parameter>;
  readonly to: ReadonlyMap<string, Parameter>;
  /** Importance of a parameter of the backbone's block, of its shape; without one all count the same. */
  importance(name: string): Tensor | undefined;
  /** False leaves the side block as it is: its shapes alone lead the walk. */
  readonly assign: boolean;
}

/**
 * Walks one block in forward order, keeping of every matrix the inputs that the matrix before kept as outputs, and the
 * most important outputs; fills the side block with what is kept.
 * @returns the features that come out, which the caller disposes
 */
export function pruneBlock(steps: readonly PruningStep[], inputs: IndexSet, pruning: Pruning): IndexSet {
  return tidy(() => steps.reduce((current, step) => pruneStep(step, current, pruning), inputs).clone());
}

function pruneStep(step: PruningStep, inputs: IndexSet, pruning: Pruning): IndexSet {
  switch (step.kind) {
    case 'copy':
      fill(pruning, step.parameter, (value) => value.clone());
      return inputs;
    case 'norm':
      for (const name of [`${step.layer}.weight`, `${step.layer}.bias`])
        fill(pruning, name, (value) => gather(value, inputs));
      return inputs;
    case 'joint': {
      const [first] = step.layers;
      const outputs = keptOutputs(
        step.layers.map((layer) => importanceOf(pruning, `${layer}.weight`)),
        inputs,
        sideShape(pruning, `${first}.weight`)[1] as number,
      );
      for (const layer of step.layers) {
        fill(pruning, `${layer}.weight`, (value) => gather(gather(value, inputs, 0), outputs, 1));
        fill(pruning, `${layer}.bias`, (value) => gather(value, outputs));
      }
      return outputs;
    }
    case 'fused':
      return pruneFused(step, inputs, pruning);
  }
}

/** Matrices side by side in one: the same outputs are kept in each part. */
function pruneFused(
  { layer, parts }: Extract<PruningStep, { kind: 'fused' }>,
  inputs: IndexSet,
  pruning: Pruning,
): IndexSet {
  const importances = split(importanceOf(pruning, `${layer}.weight`), parts, 1);
  const count = (sideShape(pruning, `${layer}.weight`)[1] as number) / parts;
  const outputs = keptOutputs(importances, inputs, count);
  const width = (pruning.from.get(`${layer}.weight`)?.shape[1] as number) / parts;
  const columns = concat(importances.map((_, part) => add(outputs, scalar(part * width, 'int32')) as IndexSet));
  fill(pruning, `${layer}.weight`, (value) => gather(gather(value, inputs, 0), columns, 1));
  fill(pruning, `${layer}.bias`, (value) => gather(value, columns));
  return outputs;
}

function fill({ from, to, assign }: Pruning, name: string, pruned: (value: Tensor) => Tensor): void {
  const [source, target] = [from.get(name), to.get(name)];
  if (!assign || !source || !target) return;
  tidy(() => target.assign(pruned(source.variable)));
}

function importanceOf({ importance, from }: Pruning, name: string): Tensor {
  return importance(name) ?? ones([...(from.get(name)?.shape ?? [])]);
}

function sideShape({ to }: Pruning, name: string): readonly number[] {
  return to.get(name)?.shape ?? [];
}

/** Fills the norm at the end of a side stack with what the backbone's last norm has for the kept features. */
export function pruneNorm(from: BlockModule, to: Module, kept: IndexSet): void {
  const source = from.namedParameters();
  for (const [name, target] of to.namedParameters()) {
    const value = source.get(name)?.variable;
    if (value) tidy(() => target.assign(gather(value, kept)));
  }
}
