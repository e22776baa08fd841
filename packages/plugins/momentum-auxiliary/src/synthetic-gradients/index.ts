import { definePlugin, detach, type PluginContext, type Rule, untaped } from '@tapgrad/core';
import { div, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { incompatible } from '../base/conflicts.ts';
import { classesOf, targetsOf } from '../base/data.ts';
import { backwardLocally, type Crossing, followParts } from '../base/follow-parts.ts';
import { widthsOf } from '../base/local-network.ts';
import { type Cut, findCuts } from '../base/partition.ts';
import { learnPredictor } from './learn-predictor.ts';
import {
  type CheckedSyntheticGradientsOptions,
  type SyntheticGradientsOptions,
  syntheticGradientsOptions,
} from './options.ts';
import { GradientPredictor } from './predictor.ts';

/**
 * Synthetic gradients, decoupled neural interfaces (DNI, Jaderberg et al. 2017, arXiv:1608.05343): at each cut a small
 * network predicts, from what the part before the cut made, the gradient that would come back to it. The part is
 * differentiated with the prediction at once and its tape freed, before the next part runs. The predictor learns from the
 * gradient that does come back to the cut: through the next part, from that part's own synthetic gradient or, for the last
 * part, from the loss.
 *
 * Values at cuts: images `[batch, height, width, channels]`, tokens `[batch, tokens, width]` or vectors `[batch, width]`.
 * Evaluation and `predict` run the model alone.
 * @throws TapgradError at attach: NO_BLOCKS, LOCAL_PARTS, LOCAL_WIDTH, LOCAL_CLASSES; in training: LOCAL_TARGETS,
 * LOCAL_ORDER, LOCAL_SKIPPED, LOCAL_VALUE, LOCAL_CROSSING, LOCAL_ASYNC_RESTORE
 */
export const syntheticGradients = definePlugin<SyntheticGradientsOptions, CheckedSyntheticGradientsOptions>({
  name: 'synthetic-gradients',
  version: '0.0.0',
  conflicts: incompatible,
  writes: ['forward:blocks'],
  options: syntheticGradientsOptions,
  apply(context) {
    const { options, model, ledger } = context;
    const cuts = findCuts(model, options);
    const predictors = cuts.map((cut, number) => addPredictor(context, cut, number));
    followParts(context, cuts, (number, crossing) => {
      const predictor = predictors[number] as GradientPredictor;
      const { tape, pass, training } = crossing;
      predictor.train(training);
      inject(predictor, crossing, options);
      return cutEdge(crossing, (arrived, gradient) => {
        const labels = labelsFor(crossing, options);
        const name = `${context.name}/predictor-${number}`;
        const unscaled = div(gradient, pass.weight);
        const weight = options.weight * pass.weight;
        learnPredictor(tape, ledger, { name, predictor, labels, value: arrived, gradient: unscaled, weight });
      });
    });
  },
});

function addPredictor(context: PluginContext<CheckedSyntheticGradientsOptions>, { block }: Cut, number: number) {
  const { conditional, layers = conditional ? 0 : 2, hidden, classes } = context.options;
  const { input: width, images } = widthsOf(block.module, block.path);
  const name = `predictor-${number}`;
  return context.addModule(
    name,
    new GradientPredictor({
      width,
      images,
      layers,
      hidden: hidden ?? (images ? 128 : 1024),
      classes: conditional ? classesOf(context as PluginContext<unknown>, classes) : undefined,
      random: context.random(name),
    }),
  );
}

function labelsFor({ pass }: Crossing, { conditional, targets }: CheckedSyntheticGradientsOptions): Tensor | undefined {
  return conditional ? targetsOf(pass.batch, targets) : undefined;
}

/** Backpropagates the predicted gradient through the part before the cut, and frees the part. */
function inject(predictor: GradientPredictor, crossing: Crossing, options: CheckedSyntheticGradientsOptions): void {
  const { value, tape, pass } = crossing;
  tidy(() => {
    const gradient = untaped(() =>
      tidy(() => mul(predictor.call(detach(value), labelsFor(crossing, options)), options.factor * pass.weight)),
    );
    backwardLocally(tape, value, { gradient });
  });
}

/** The value for the next part: its gradient is told, and goes no further. */
function cutEdge({ value, tape }: Crossing, told: (value: Tensor, gradient: Tensor) => void): Tensor {
  const rule: Rule = {
    inputs: ['x'],
    saves: () => ['x'],
    backward({ dy, saved }) {
      told(saved.x as Tensor, dy);
      return {};
    },
  };
  const handle = detach(value);
  tape.record({ kernel: 'tapgrad.Cut', rule, inputs: { x: value }, attrs: {}, outputs: [handle] });
  return handle;
}
