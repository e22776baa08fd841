import { classIncremental, type TaskStream, taskIncremental, tensorData } from '@tapgrad/train';
import type { ScenarioName } from '../options.ts';
import type { FashionParts, ImageTensors } from './images.ts';

/** Fashion-MNIST in five tasks of two classes; the seed decides which. */
export function fashionStream(
  { train, classNames }: FashionParts,
  judged: ImageTensors,
  scenario: ScenarioName,
  seed: number,
): TaskStream {
  const split = scenario === 'class' ? classIncremental : taskIncremental;
  return split({ train: tensorData({ ...train }), test: tensorData({ ...judged }) }, { tasks: 5, seed, classNames });
}
