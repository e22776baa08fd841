import { softmax, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { tokenIds } from './data/batches.ts';
import { loadModel } from './load-model.ts';
import { methods } from './methods.ts';
import type { BackendOption } from './options.ts';
import { loadMethod, newestMethod, openMethod } from './saved-method.ts';
import { startBackend } from './start-backend.ts';
import { release, stackOf } from './train-method.ts';
import { UserError } from './user-error.ts';

export interface ClassifyOptions {
  readonly from?: string;
  readonly out: string;
  readonly top: number;
  readonly backend: BackendOption;
  readonly json: boolean;
}

/** Prints the most probable classes of a sentence, by the weights of an earlier run. */
export async function classify(sentence: string, options: ClassifyOptions): Promise<void> {
  if (sentence.trim() === '') throw new UserError('the sentence is empty');
  const path = options.from ?? newestMethod(options.out);
  const opened = await openMethod(path);
  const { method, model: name, labels, seed } = opened.about;
  await startBackend(options.backend);
  const { model, encode } = await loadModel(name, labels.length, seed);
  const stack = stackOf(model, methods[method], { classes: labels.length, seed });
  loadMethod(stack, opened);
  model.eval();
  const answer = tidy(() => {
    const ids = tensor2d([[...tokenIds(sentence, encode)]], undefined, 'int32');
    return softmax(stack.predict(ids));
  });
  const probabilities = await answer.data();
  answer.dispose();
  release(stack, model);
  const classes = labels
    .map((label, index) => ({ label, probability: probabilities[index]! }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, options.top);
  console.log(`"${sentence}", by ${path}:`);
  for (const { label, probability } of classes) {
    console.log(
      `  ${`${(probability * 100).toFixed(1)} %`.padStart(7)}  ${'#'.repeat(Math.round(probability * 40)).padEnd(40)}  ${label}`,
    );
  }
  if (options.json) console.log(JSON.stringify({ sentence, method, classes }));
}
