import { type Batch, batchSize, type PluginContext, sampleOf } from '@tapgrad/core';
import { add, keep, square, type Tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * Empirical Fisher information with gold labels: the sum over samples of each sample's squared gradient, by parameter
 * name. The caller disposes the tensors.
 * @param limit samples at most
 */
export async function fisherInformation<O>(
  context: PluginContext<O>,
  names: readonly string[],
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  limit: number,
): Promise<Map<string, Tensor>> {
  const sums = new Map<string, Tensor>();
  const pattern = names.length === 1 ? (names[0] as string) : `{${names.join(',')}}`;
  let left = limit;
  try {
    for await (const batch of batches) {
      const size = batchSize(batch);
      for (let index = 0; index < size && left > 0; index++, left--) {
        tidy(() => {
          const asked = { parameters: pattern, pass: limit - left };
          context.perSampleGradients(sampleOf(batch, index, size), asked, (gradients) => {
            for (const [name, gradient] of gradients) addTo(sums, name, square(gradient), context);
          });
        });
      }
      if (left === 0) break;
    }
    return sums;
  } catch (thrown) {
    for (const sum of sums.values()) sum.dispose();
    throw thrown;
  }
}

function addTo<O>(
  sums: Map<string, Tensor>,
  name: string,
  value: Tensor,
  { ledger, name: owner }: PluginContext<O>,
): void {
  const before = sums.get(name);
  const sum = keep(before ? add(before, value) : value);
  before?.dispose();
  ledger.claim(sum, 'plugin', owner);
  sums.set(name, sum);
}
