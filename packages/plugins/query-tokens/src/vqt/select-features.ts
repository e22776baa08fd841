import { type Stack, TapgradError } from '@tapgrad/core';
import { strongestFeatures } from './math.ts';
import { QueryHead } from './query-head.ts';

/**
 * Numbers of the features whose weights in the query head are largest, the first `fraction` of all of them: to be given
 * as `features` to `queryTokens`, which trains anew with these alone (VQT's compression; train the first time with
 * `groupLasso`).
 * @throws TapgradError BAD_OPTION, QUERY_HEAD_MISSING
 */
export async function selectQueryFeatures(stack: Pick<Stack, 'modules'>, fraction: number): Promise<number[]> {
  if (!(fraction > 0 && fraction <= 1)) {
    throw new TapgradError({
      code: 'BAD_OPTION',
      message: `the fraction of features is ${fraction}`,
      fix: 'give the share of all features to keep, over 0 and at most 1',
    });
  }
  const head = stack.modules().find((module): module is QueryHead => module instanceof QueryHead);
  if (!head) {
    throw new TapgradError({
      code: 'QUERY_HEAD_MISSING',
      message: 'queryTokens is not attached to this stack',
      fix: 'select features before the stack of the first training is detached',
    });
  }
  const chosen = await strongestFeatures(head.classifier.weight.variable, fraction);
  const { features } = head.sizes;
  return features ? chosen.map((feature) => features[feature] as number) : chosen;
}
