import { definePlugin, pathMatcher, TapgradError } from '@tapgrad/core';
import { BatchNorm2d } from '@tapgrad/nn';
import { type BiasTuningOptions, biasTuningOptions, type CheckedBiasTuningOptions } from './options.ts';

/**
 * Trains the model's biases (shifts of norms among them) and its head, and nothing else of it: the gradient of a bias
 * needs no activation, and a linear layer or convolution with a frozen weight keeps none (Ben Zaken et al. 2022, BitFit;
 * the bias part of S2A, arXiv:2503.08154).
 * @throws TapgradError at attach: S2A_BIASES, S2A_HEAD
 */
export const biasTuning = definePlugin<BiasTuningOptions, CheckedBiasTuningOptions>({
  name: 'bias-tuning',
  version: '0.0.0',
  conflicts: ['full-finetune'],
  transforms: ['parameters:trainable'],
  options: biasTuningOptions,
  apply({ model, options, filterTrainable, keepInEvaluation }) {
    const { biases, head, norms } = options;
    const names = [...model.namedParameters().keys()];
    const isBias = biases === false ? () => false : pathMatcher(biases);
    const inHead = head === false ? () => false : pathMatcher(`${head}.**`);
    if (biases !== false && !names.some(isBias)) throw matchesNothing('BIASES', 'biases', biases);
    if (head !== false && !names.some(inHead)) throw matchesNothing('HEAD', 'head', `${head}.**`);
    filterTrainable((name) => (name.includes('/') ? undefined : isBias(name) || inHead(name)));
    // A norm that uses its batch's statistics keeps its input for them, whatever trains.
    if (norms === 'running') {
      keepInEvaluation([...model.namedModules().values()].filter((each) => (each as unknown) instanceof BatchNorm2d));
    }
  },
});

function matchesNothing(what: string, option: string, pattern: string): TapgradError {
  return new TapgradError({
    code: `S2A_${what}`,
    message: `no parameter of the model matches ${pattern}`,
    fix: `name parameters of the model with \`${option}\`, or leave them out with \`${option}: false\``,
  });
}
